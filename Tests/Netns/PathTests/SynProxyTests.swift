import Glibc
import NetTypes
import Ruleset
import TestNamespaces
import Testing

/// SYNs that the balancer answers itself.
@Suite(.serialized) struct SynProxyTests {
    private static func farm(_ mode: String, _ limits: String = "") -> WebFarm {
        WebFarm(mode: mode, more: "limits: { synProxy: true\(limits) }")
    }
    private static let target = "203.0.113.10:80", server = "10.0.1.11:8080", source = "192.0.2.1"

    /// The listener's address is the host's own, or somebody routes it on: the kernel proxies in either place.
    private static func network(holdingListener: Bool) throws -> Network {
        let network = try Network()
        let command = holdingListener ? "ip addr add 203.0.113.10/32 dev lo" : "ip route add 203.0.113.0/24 via 10.0.1.11"
        try network.balancer.inside { try Shell.run(command) }
        return network
    }

    @Test(arguments: ["dnat", "snat"], [true, false])
    func connectionsComeAboutAndCarryDataBothWays(_ mode: String, _ isHeld: Bool) throws {
        let network = try Self.network(holdingListener: isHeld)
        let servers = try network.listen(Self.server)
        try network.serve(Self.farm(mode).text)
        let attempt = try network.connect(from: Self.source, to: Self.target)
        #expect(attempt.attempts == [.connected])
        let (client, server) = (try #require(attempt.open.first), try servers[0].accepted())
        let text = String(repeating: "0123456789", count: 1000)
        for _ in 0..<100 {
            try client.send(text)
            #expect(try server.receive(all: text.utf8.count) == text)
            try server.send(text)
            #expect(try client.receive(all: text.utf8.count) == text)
        }
        #expect(try network.counted("syn-proxy4") == 0, "nothing of a connection is refused")
    }

    @Test(arguments: ["dnat", "snat"])
    func forgedSYNsTakeRoomNowhere(_ mode: String) throws {
        let network = try Self.network(holdingListener: true)
        let servers = try network.listen(Self.server)
        try network.serve(Self.farm(mode).text)
        let target = try #require(Endpoint(Self.target))
        let forged = try (0..<5000).map { index in
            let address = try #require(IPAddress("198.51.\(index / 200).\(index % 200 + 1)"))
            return Frame(Endpoint(address: address, port: 1024 + UInt16(index)), target)
        }
        try network.send(forged)
        // An honest client's handshake, behind all of them.
        #expect(try network.connect(from: Self.source, to: Self.target).attempts == [.connected])
        _ = try servers[0].accepted()
        let (entries, challenged) = try network.balancer.inside {
            (
                try Shell.run("conntrack -L -p tcp 2>/dev/null").split(separator: "\n").count,
                try Shell.run("cat /proc/net/stat/synproxy").split(separator: "\n").dropFirst()
                    .compactMap { $0.split(separator: "\t").dropFirst().first.flatMap { Int($0, radix: 16) } }.reduce(0, +)
            )
        }
        #expect(entries == 1, "the honest one")
        #expect(challenged > 4500, "\(challenged) of 5001 SYNs have come to the proxy")
        #expect(!servers[0].isReady(POLLIN, 300), "no forged SYN has reached the backend")
    }

    /// The same flood without the proxy, as what the test above would show if nothing held.
    @Test func withoutTheProxyForgedSYNsTakeRoom() throws {
        let network = try Self.network(holdingListener: true)
        let servers = try network.listen(Self.server)
        try network.serve(WebFarm(mode: "dnat").text)
        let target = try #require(Endpoint(Self.target))
        let forged = try (0..<500).map { index in
            Frame(Endpoint(address: try #require(IPAddress("198.51.\(index / 200).\(index % 200 + 1)")), port: 1024), target)
        }
        try network.send(forged)
        let entries = try network.balancer.inside { try Shell.run("conntrack -L -p tcp 2>/dev/null").split(separator: "\n").count }
        #expect(entries > 400)
        withExtendedLifetime(servers) {}
    }

    @Test func anACKWithoutACookieIsDropped() throws {
        let network = try Self.network(holdingListener: true)
        let servers = try network.listen(Self.server)
        // On the host itself, at the listener's own place: nothing may get there.
        let own = try network.listen("203.0.113.10:80", in: network.balancer)
        try network.serve(Self.farm("dnat").text)
        try network.send((1...20).compactMap { Frame("192.0.2.\($0):40000", to: "203.0.113.10:80", .ack) })
        try network.send((1...20).compactMap { Frame("192.0.2.\($0):40001", to: "203.0.113.10:80", [.fin, .ack]) })
        #expect(try network.connect(from: "192.0.2.1", to: "203.0.113.10:80").attempts == [.connected])
        _ = try servers[0].accepted()
        #expect(!servers[0].isReady(POLLIN, 200) && !own.isReady(POLLIN, 0))
        #expect(try network.counted("syn-proxy4") == 20)
    }

    /// What is bounded are connections that came about.
    @Test func limitsCountBehindTheProxy() throws {
        let network = try Self.network(holdingListener: true)
        let servers = try network.listen(Self.server)
        try network.serve(Self.farm("dnat", ", newConnectionsPerSource: { rate: 1/h, burst: 3 }").text)
        let target = try #require(Endpoint(Self.target))
        let client = try #require(IPAddress("192.0.2.7"))
        try network.send((0..<50).map { Frame(Endpoint(address: client, port: 50000 + $0), target) })
        let attempts = try network.connect(5, from: "192.0.2.7", to: Self.target)
        // The proxy has shaken hands with all of them.
        #expect(attempts.attempts == Array(repeating: .connected, count: 5))
        for _ in 0..<3 { _ = try servers[0].accepted() }
        #expect(!servers[0].isReady(POLLIN, 300))
        #expect(try network.counted("guard4") >= 2)
    }

    @Test func connectionsOfTheHostItselfAreBalancedToo() throws {
        let network = try Self.network(holdingListener: true)
        let servers = try network.listen(Self.server)
        try network.serve(Self.farm("dnat").text)
        let socket = try network.open(from: "10.0.1.254", to: Self.target, in: network.balancer)
        #expect(socket.attempt == .connected)
        _ = try servers[0].accepted()
    }
}

extension Socket {
    /// So many octets, however they come.
    fileprivate func receive(all count: Int) throws -> String {
        var text = ""
        while text.utf8.count < count {
            guard let part = try receive(), !part.isEmpty else { throw TestFault("\(text.utf8.count) of \(count) octets have come") }
            text += part
        }
        return text
    }
}
