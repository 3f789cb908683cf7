import TestNamespaces
import Testing

/// Marks, helpers and log lines of farms.
@Suite(.serialized) struct MarkTests {
    private static let vip = "203.0.113.10:80"

    /// A firewall of somebody else's, who marks packets for purposes of his own, and counts.
    private static func onlooker(_ marks: String...) -> String {
        let counting = marks.map { "meta mark \($0) counter" }.joined(separator: "\n")
        return """
            table inet onlooker {
                chain before { type filter hook prerouting priority -200; meta mark set 0x1; }
                chain behind { type filter hook forward priority 0; iifname front meta l4proto tcp goto counting; }
                chain counting {
                    \(counting)
                }
            }
            """
    }

    @Test func packetsToBackendsAreMarkedAndOthersMarksStay() throws {
        let network = try Network()
        let servers = try network.listen("10.0.1.11:8080", "10.0.1.12:8080")
        let backends = "[{ name: b1, address: 10.0.1.11, port: 8080, mark: 0x2 }, { name: b2, address: 10.0.1.12, port: 8080 }]"
        try network.serve(WebFarm(backends: backends, more: "mark: 0x100\nscheduler: round-robin").text)
        try network.balancer.inside { try Shell.load(Self.onlooker("0x1", "0x101", "0x103")) }
        let open = try network.connect(4, from: "192.0.2.1", to: Self.vip).open
        for socket in open { try socket.send("x") }
        for server in servers { for _ in 0..<2 { #expect(try server.accepted().receive() == "x") } }
        let counts = try network.onlookersCounts()
        #expect(counts[0] == 0)
        // SYN, ACK and data of two connections each.
        #expect(counts[1] >= 6 && counts[2] >= 6, "\(counts)")
    }

    @Test func markedFarmsLeaveOthersUnmarked() throws {
        let network = try Network()
        let servers = try network.listen("10.0.1.11:8080")
        try network.serve(WebFarm(more: "mark: 0x100").text + "\n---\n" + WebFarm(name: "other", listen: "203.0.113.11:80/tcp").text)
        try network.balancer.inside { try Shell.load(Self.onlooker("0x1", "0x101")) }
        #expect(try network.connect(from: "192.0.2.1", to: "203.0.113.11:80").attempts == [.connected])
        #expect(try network.onlookersCounts()[1] == 0)
        #expect(try network.connect(from: "192.0.2.1", to: Self.vip).attempts == [.connected])
        #expect(try network.onlookersCounts()[1] > 0)
        withExtendedLifetime(servers) {}
    }

    @Test(arguments: ["dsr", "stateless"])
    func packetsOfFarmsWithoutConntrackAreMarked(_ mode: String) throws {
        let network = try Network()
        let servers = try network.listen("10.0.1.11:8080", "203.0.113.10:80")
        try network.serve(WebFarm(mode: mode, more: "mark: 0x100").text)
        try network.balancer.inside {
            try Shell.load(
                """
                table netdev onlooker {
                    chain counting { type filter hook egress device back priority 0; meta mark 0x100 counter; }
                }
                """)
        }
        #expect(try network.connect(from: "192.0.2.1", to: Self.vip).attempts == [.connected])
        #expect(try network.onlookersCounts()[0] >= 2)
        withExtendedLifetime(servers) {}
    }
}

extension Network {
    /// What the onlooker's rules have counted, in their order.
    fileprivate func onlookersCounts() throws -> [Int] {
        let listing = try balancer.inside { try Shell.run("nft list ruleset") }
        let table = listing.split(separator: "table ").first { $0.contains(" onlooker ") } ?? ""
        return table.split(separator: "counter packets ").dropFirst().compactMap { Int($0.prefix { $0.isNumber }) }
    }
}
