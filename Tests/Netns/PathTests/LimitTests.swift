import Glibc
import TestNamespaces
import Testing

/// Each limit at its bound: so many pass, and one more does not.
@Suite(.serialized) struct LimitTests {
    private static let vip = "203.0.113.10:80"

    @Test(arguments: ["dnat", "snat", "stateless", "dsr"])
    func connectionsOfTheFarmAreBounded(_ mode: String) throws {
        let network = try Network()
        let servers = try network.listen("10.0.1.11:8080", "203.0.113.10:80")
        try network.serve(WebFarm(mode: mode, more: "limits: { newConnections: { rate: 1/d, burst: 5 } }").text)
        for source in 1...5 { #expect(try network.connect(from: "192.0.2.\(source)", to: Self.vip).attempts == [.connected]) }
        #expect(try network.connect(from: "192.0.2.6", to: Self.vip).attempts == [.silent])
        #expect(try network.counted("new-connections-web") >= 1)
        withExtendedLifetime(servers) {}
    }

    @Test func allListenersOfAFarmShareItsBound() throws {
        let network = try Network()
        let servers = try network.listen("10.0.1.11:8080", "[fd00:1::11]:8080", "10.0.1.11:30001")
        try network.serve(
            """
            farm: web
            listen: ["203.0.113.10:80/tcp", "[2001:db8::10]:80/tcp", { address: 203.0.113.11, protocol: tcp, ports: 30000-30010 }]
            mode: dnat
            backends: [{ name: b1, address: 10.0.1.11, port: 8080 }, { name: b2, address: "fd00:1::11", port: 8080 }]
            limits: { newConnections: { rate: 1/d, burst: 3 } }
            """)
        for (source, target) in [("192.0.2.1", Self.vip), ("2001:db8:2::1", "[2001:db8::10]:80"), ("192.0.2.1", "203.0.113.11:30001")] {
            #expect(try network.connect(from: source, to: target).attempts == [.connected], "\(target)")
        }
        for (source, target) in [("192.0.2.1", Self.vip), ("2001:db8:2::1", "[2001:db8::10]:80"), ("192.0.2.1", "203.0.113.11:30001")] {
            #expect(try network.connect(from: source, to: target).attempts == [.silent], "\(target)")
        }
        withExtendedLifetime(servers) {}
    }

    @Test(arguments: ["dnat", "snat", "stateless", "dsr"])
    func newConnectionsOfASourceAreBounded(_ mode: String) throws {
        let network = try Network()
        let servers = try network.listen("10.0.1.11:8080", "203.0.113.10:80")
        try network.serve(WebFarm(mode: mode, more: "limits: { newConnectionsPerSource: { rate: 1/d, burst: 4 } }").text)
        let mine = try network.connect(5, from: "192.0.2.1", to: Self.vip).attempts
        #expect(mine == [.connected, .connected, .connected, .connected, .silent])
        #expect(try network.connect(from: "192.0.2.2", to: Self.vip).attempts == [.connected])
        #expect(try network.counted("guard4", "new-per-source4") >= 1)
        withExtendedLifetime(servers) {}
    }

    @Test func newConnectionsOfAnIPv6SourceAreBounded() throws {
        let network = try Network()
        let servers = try network.listen("[fd00:1::11]:8080")
        try network.serve(WebFarm(family: 6, more: "limits: { newConnectionsPerSource: { rate: 1/d, burst: 2 } }").text)
        #expect(try network.connect(3, from: "2001:db8:2::1", to: "[2001:db8::10]:80").attempts == [.connected, .connected, .silent])
        #expect(try network.connect(from: "2001:db8:2::2", to: "[2001:db8::10]:80").attempts == [.connected])
        withExtendedLifetime(servers) {}
    }

    @Test(arguments: ["dnat", "stateless"])
    func datagramsOfASourceAreBounded(_ mode: String) throws {
        let network = try Network()
        let server = try network.listen("10.0.1.11:8080", transport: .udp)[0]
        try network.serve(
            WebFarm(mode: mode, transport: "udp", more: "limits: { newConnectionsPerSource: { rate: 1/d, burst: 3 } }").text)
        for number in 1...4 { try network.open(from: "192.0.2.1", to: Self.vip, .udp).send("\(number)") }
        for number in 1...3 { #expect(try server.receive() == "\(number)") }
        #expect(try server.receive(within: 300) == nil)
    }

    /// What a client does at several ports counts together.
    @Test func portsOfAFarmCountTogetherAndFarmsApart() throws {
        let network = try Network()
        let servers = try network.listen("10.0.1.11:80", "10.0.1.11:443")
        let limits = "limits: { newConnectionsPerSource: { rate: 1/d, burst: 3 } }"
        try network.serve(
            ["203.0.113.10", "203.0.113.11"].map { address in
                """
                farm: at-\(address)
                listen: [{ address: \(address), protocol: tcp, ports: [80, 443] }]
                mode: dnat
                backends: [10.0.1.11]
                \(limits)
                """
            }.joined(separator: "\n---\n"))
        let attempts = try ["203.0.113.10:80", "203.0.113.10:443", "203.0.113.10:80", "203.0.113.10:443", "203.0.113.11:443"].map {
            try network.connect(from: "192.0.2.1", to: $0).attempts[0]
        }
        #expect(attempts == [.connected, .connected, .connected, .silent, .connected])
        withExtendedLifetime(servers) {}
    }

    @Test func farmsWithEqualLimitsShareChainsAndSetsButNotBuckets() throws {
        let network = try Network()
        let servers = try network.listen("10.0.1.11:8080")
        let limits = "limits: { newConnectionsPerSource: { rate: 1/d, burst: 1 }, connectionsPerSource: 7 }"
        let farms = (1...3).map { WebFarm(name: "f\($0)", listen: "203.0.113.\(10 + $0):80/tcp", more: limits).text }
        try network.serve(farms.joined(separator: "\n---\n"))
        #expect(network.ruleset[.inet]?.chains.count { $0.name.hasPrefix("guard") } == 1)
        for farm in 1...3 {
            #expect(try network.connect(2, from: "192.0.2.1", to: "203.0.113.\(10 + farm):80").attempts == [.connected, .silent])
        }
        withExtendedLifetime(servers) {}
    }

    @Test(arguments: ["dnat", "snat"])
    func connectionsOfASourceAtATimeAreBounded(_ mode: String) throws {
        let network = try Network()
        let servers = try network.listen("10.0.1.11:8080")
        try network.serve(WebFarm(mode: mode, more: "limits: { connectionsPerSource: 3 }").text)
        var (attempts, open) = try network.connect(4, from: "192.0.2.1", to: Self.vip)
        #expect(attempts == [.connected, .connected, .connected, .silent])
        #expect(try network.connect(from: "192.0.2.2", to: Self.vip).attempts == [.connected])
        open.removeFirst().reset()
        #expect(try network.comesThrough(from: "192.0.2.1", to: Self.vip), "one has ended, so that another may begin")
        #expect(try network.counted("connections-per-source4") >= 1)
        withExtendedLifetime((servers, open)) {}
    }

    @Test(arguments: ["dnat", "snat", "local"])
    func connectionsOfABackendAreBoundedAndThoseAboveAreReset(_ mode: String) throws {
        let network = try Network()
        let host = mode == "local" ? "10.0.1.254" : "10.0.1.11"
        let servers = try mode == "local" ? network.listenOnBalancer("10.0.1.254:8080") : network.listen("10.0.1.11:8080")
        try network.serve(WebFarm(mode: mode, backends: "[{ name: b1, address: \(host), port: 8080, connectionLimit: 3 }]").text)
        if mode == "local" { try network.giveBalancer("203.0.113.10") }
        var (attempts, open) = try network.connect(3, from: "192.0.2.1", to: Self.vip)
        attempts += try network.connect(2, from: "192.0.2.2", to: Self.vip).attempts
        #expect(attempts == [.connected, .connected, .connected, .refused, .refused])
        open.removeFirst().reset()
        #expect(try network.comesThrough(from: "192.0.2.3", to: Self.vip), "one has ended, so that another may begin")
        #expect(try network.counted("backend-limit4-3") >= 2)
        withExtendedLifetime((servers, open)) {}
    }

    @Test func aBackendsPortsCountTogether() throws {
        let network = try Network()
        let servers = try network.listen("10.0.1.11:80", "10.0.1.11:443")
        try network.serve(
            """
            farm: web
            listen: [{ address: 203.0.113.10, protocol: tcp, ports: [80, 443] }]
            mode: dnat
            backends: [{ address: 10.0.1.11, connectionLimit: 3 }]
            """)
        let (first, open) = try network.connect(2, from: "192.0.2.1", to: "203.0.113.10:80")
        let (second, more) = try network.connect(2, from: "192.0.2.1", to: "203.0.113.10:443")
        #expect(first + second == [.connected, .connected, .connected, .refused])
        withExtendedLifetime((servers, open, more)) {}
    }

    @Test func backendsWithoutALimitAreNotLimited() throws {
        let network = try Network()
        let servers = try network.listen("10.0.1.11:8080", "10.0.1.12:8080")
        let backends = "[{ name: b1, address: 10.0.1.11, port: 8080, connectionLimit: 1 }, { name: b2, address: 10.0.1.12, port: 8080 }]"
        try network.serve(WebFarm(backends: backends, more: "scheduler: round-robin").text)
        let (attempts, open) = try network.connect(12, from: "192.0.2.1", to: Self.vip)
        #expect(attempts.count { $0 == .connected } == 7, "one at the first, six at the second: \(attempts)")
        withExtendedLifetime((servers, open)) {}
    }

    @Test(arguments: ["dnat", "stateless"])
    func resetsOfASourceAreBounded(_ mode: String) throws {
        let network = try Network()
        let server = try network.listen("10.0.1.11:8080")[0]
        try network.serve(WebFarm(mode: mode, more: "limits: { resetsPerSource: { rate: 1/d, burst: 2 } }").text)
        let (attempts, open) = try network.connect(3, from: "192.0.2.1", to: Self.vip)
        #expect(attempts == [.connected, .connected, .connected])
        let accepted = try (0..<3).map { _ in try server.accepted() }
        for (number, socket) in open.enumerated() {
            try socket.send("x")
            #expect(try accepted[number].receive() == "x")
            socket.reset()
            #expect(accepted[number].isReset(within: number < 2 ? 2000 : 400) == (number < 2), "reset \(number + 1)")
        }
        let other = try network.connect(from: "192.0.2.2", to: Self.vip).open
        let served = try server.accepted()
        try other[0].send("x")
        #expect(try served.receive() == "x")
        other[0].reset()
        #expect(served.isReset(within: 2000), "another source's")
        #expect(try network.counted("resets-per-source4") >= 1)
    }

    @Test(arguments: ["dnat", "stateless"])
    func aSourceOverALimitIsBannedForAWhile(_ mode: String) throws {
        let network = try Network()
        let servers = try network.listen("10.0.1.11:8080")
        try network.serve(
            WebFarm(mode: mode, more: "limits: { newConnectionsPerSource: { rate: 5/s, burst: 2 }, banTime: 4s }").text)
        let begin = ContinuousClock.now
        #expect(try network.connect(2, from: "192.0.2.1", to: Self.vip).attempts == [.connected, .connected])
        try network.send([3, 4, 5].compactMap { Frame("192.0.2.1:400\($0)", to: Self.vip) })
        // By then the rate would take it again.
        usleep(1_000_000)
        #expect(try network.connect(from: "192.0.2.1", to: Self.vip).attempts == [.silent])
        #expect(try network.connect(from: "192.0.2.2", to: Self.vip).attempts == [.connected])
        #expect(try network.counted("guard4", "banned4-4s") >= 1)
        #expect(try network.comesThrough(from: "192.0.2.1", to: Self.vip))
        #expect(ContinuousClock.now - begin > .seconds(4))
        withExtendedLifetime(servers) {}
    }

    @Test(arguments: ["dnat", "stateless", "dsr"])
    func bogusFlagsAreDroppedWhereAskedFor(_ mode: String) throws {
        let network = try Network()
        let servers = try network.listen("10.0.1.11:8080", "203.0.113.10:80")
        try network.serve(WebFarm(mode: mode, more: "limits: { tcpStrict: true }").text)
        let bogus: [TCPFlagsOfFrame] = [
            [], [.syn, .fin], [.syn, .rst], [.fin, .rst], .fin, [.fin, .psh, .urg], .urg, [.syn, .fin, .ack],
        ]
        for (number, flags) in bogus.enumerated() {
            try network.send([Frame("192.0.2.1:41\(10 + number)", to: Self.vip, flags)].compactMap { $0 })
            #expect(try network.counted(mode == "dnat" ? "bogus-flags" : "guard4", "tcp flags") == UInt64(number + 1), "\(flags)")
        }
        #expect(try network.connect(from: "192.0.2.1", to: Self.vip).attempts == [.connected])
        withExtendedLifetime(servers) {}
    }

    /// Connections of the host itself do not come in by any device.
    @Test func theHostsOwnConnectionsAreLimitedToo() throws {
        let network = try Network()
        try network.giveBalancer("203.0.113.10")
        let server = try network.listenOnBalancer("10.0.1.254:8080")
        try network.serve(
            WebFarm(
                mode: "local", backends: "[{ name: b1, address: 10.0.1.254, port: 8080, connectionLimit: 4 }]",
                more: "limits: { newConnectionsPerSource: { rate: 1/d, burst: 3 } }"
            ).text)
        let own = try (1...4).map { _ in try network.open(from: "192.0.2.254", to: Self.vip, in: network.balancer) }
        #expect(own.map(\.attempt) == [.connected, .connected, .connected, .silent])
        let others = try (1...2).map { _ in try network.open(from: "10.0.1.254", to: Self.vip, in: network.balancer) }
        #expect(others.map(\.attempt) == [.connected, .refused])
        withExtendedLifetime(server) {}
    }
}
