import Glibc
import TestNamespaces
import Testing

/// Hashes over networks, with real connections.
@Suite(.serialized) struct HashPrefixTests {
    private static let backends = ["10.0.1.11:8080", "10.0.1.12:8080", "10.0.1.13:8080"]
    private static let farmBackends = "[\(backends.map { "\"\($0)\"" }.joined(separator: ", "))]"

    /// 192.0.2.1–60 are eight networks of /29. Ports are not hashed.
    @Test(arguments: ["dnat", "snat", "stateless"])
    func clientsOfOneNetworkGoTogetherAndNetworksApart(_ mode: String) throws {
        let network = try Network()
        let servers = try network.listen(Self.backends[0], Self.backends[1], Self.backends[2])
        try network.serve(WebFarm(mode: mode, backends: Self.farmBackends, more: "hash: [sourceAddress]\nhashPrefix: { ipv4: 29 }").text)
        var chosen: [Int: Set<Int>] = [:]
        for last in 1...60 {
            let attempt = try network.connect(from: "192.0.2.\(last)", to: "203.0.113.10:80")
            #expect(attempt.attempts == [.connected], "192.0.2.\(last)")
            let server = try #require(servers.firstIndex { $0.isReady(POLLIN, 200) }, "192.0.2.\(last) has reached nobody")
            _ = try servers[server].accepted()
            chosen[last / 8, default: []].insert(server)
        }
        #expect(chosen.count == 8 && chosen.values.allSatisfy { $0.count == 1 }, "\(chosen)")
        #expect(Set(chosen.values).count > 1, "eight networks at one backend would show nothing: \(chosen)")
    }

    @Test func wholeAddressesGoApartWithinANetwork() throws {
        let network = try Network()
        let servers = try network.listen(Self.backends[0], Self.backends[1], Self.backends[2])
        try network.serve(WebFarm(backends: Self.farmBackends, more: "hash: [sourceAddress]").text)
        var chosen: Set<Int> = []
        for last in 16..<32 {
            _ = try network.connect(from: "192.0.2.\(last)", to: "203.0.113.10:80")
            let server = try #require(servers.firstIndex { $0.isReady(POLLIN, 200) })
            _ = try servers[server].accepted()
            chosen.insert(server)
        }
        #expect(chosen.count > 1)
    }
}
