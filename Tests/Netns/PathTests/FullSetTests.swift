import Glibc
import NetTypes
import TestNamespaces
import Testing

/// Sets of limits that forged sources have filled. Whoever finds no place in one is not limited: nobody is turned away for others.
@Suite(.serialized) struct FullSetTests {
    private static let vip = "203.0.113.10:80"
    private static let size = 65_536

    /// SYNs of so many sources that do not exist.
    private static func forged(_ count: Int) -> [Frame] {
        (0..<count).map { number in
            Frame(
                Endpoint(address: IPAddress(v4: UInt32(0x6400_0000 + number)), port: 1024),
                Endpoint(address: IPAddress(v4: 0xCB00_710A), port: 80))
        }
    }

    @Test(arguments: ["dnat", "stateless"])
    func aFullSetOfRatesLimitsNobodyElse(_ mode: String) throws {
        let network = try Network()
        let servers = try network.listen("10.0.1.11:8080")
        try network.serve(WebFarm(mode: mode, more: "limits: { newConnectionsPerSource: { rate: 1/m, burst: 2 } }").text)
        let held = try network.connect(2, from: "192.0.2.1", to: Self.vip)
        try network.send(Self.forged(Self.size + 500))
        #expect(try network.elements("new-per-source4") == Self.size)
        #expect(try network.connect(5, from: "192.0.2.2", to: Self.vip).attempts == [Attempt](repeating: .connected, count: 5))
        #expect(try network.connect(from: "192.0.2.1", to: Self.vip).attempts == [.silent], "who has a place is limited as ever")
        let served = try servers[0].accepted()
        try held.open[0].send("still here")
        #expect(try served.receive() == "still here")
    }

    @Test func aFullSetOfConnectionsLimitsNobodyElse() throws {
        let network = try Network()
        let servers = try network.listen("10.0.1.11:8080")
        try network.serve(WebFarm(more: "limits: { connectionsPerSource: 2 }").text)
        let held = try network.connect(2, from: "192.0.2.1", to: Self.vip)
        try network.send(Self.forged(Self.size + 500))
        #expect(try network.elements("connections-per-source4") == Self.size)
        let others = try network.connect(4, from: "192.0.2.2", to: Self.vip)
        #expect(others.attempts == [Attempt](repeating: .connected, count: 4))
        #expect(try network.connect(from: "192.0.2.1", to: Self.vip).attempts == [.silent], "who has a place is limited as ever")
        let served = try servers[0].accepted()
        try held.open[0].send("still here")
        #expect(try served.receive() == "still here")
        withExtendedLifetime(others) {}
    }

    @Test func aFullSetOfBannedSourcesStillDropsWhatIsAboveTheLimit() throws {
        let network = try Network()
        let servers = try network.listen("10.0.1.11:8080")
        try network.serve(
            WebFarm(mode: "stateless", more: "limits: { newConnectionsPerSource: { rate: 1/s, burst: 1 }, banTime: 1h }").text)
        // The second of each is above the limit. A place of rates is given back after two seconds.
        for start in stride(from: 0, to: Self.size + 4096, by: 4096) {
            let frames = Self.forged(start + 4096)[start...]
            try network.send(frames.flatMap { [$0, $0] })
        }
        #expect(try network.elements("banned4") == Self.size)
        usleep(2_500_000)
        #expect(try network.connect(2, from: "192.0.2.2", to: Self.vip).attempts == [.connected, .silent])
        #expect(try network.connect(from: "192.0.2.3", to: Self.vip).attempts == [.connected])
        withExtendedLifetime(servers) {}
    }
}
