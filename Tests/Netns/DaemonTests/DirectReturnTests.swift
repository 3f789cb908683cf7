import Testing

extension RealTraffic {
    /// dsr: only the MAC changes on the way, and the answer goes past the balancer.
    @Suite struct DirectReturn {
        private static let vip = "203.0.113.10:80"
        private static let farm = FarmFile(mode: "dsr")

        @Test(arguments: [vip, "[2001:db8::10]:80"]) func connectionsReachEveryBackend(vip: String) throws {
            let balancer = try Balancer(Self.farm)
            let result = try balancer.lab.connect(to: vip, "--count 300 --rate 600")
            #expect(result.isFlawless, "\(result.summary)")
            #expect(Set(result.backends.keys) == ["b1", "b2", "b3"])
        }

        @Test func datagramsReachEveryBackend() throws {
            let farm = FarmFile(listen: ["203.0.113.10:5300/udp"], mode: "dsr", backends: .init(1...3, port: nil, families: [4]))
            let balancer = try Balancer(notStartedWith: ["farm": farm.text])
            // Backends are learned one by one, and flows are held where they might have begun.
            try "handover: { quiet: 1s, udpHold: 1s }\n".save(as: balancer.directory + "/zvnftd.yaml")
            try balancer.start()
            try balancer.awaitAllUp()
            try eventually("what came of the start is over") { try balancer.status().handovers.isEmpty }
            let result = try balancer.lab.connect(to: "203.0.113.10:5300", "--udp --count 300 --rate 600")
            #expect(result.isFlawless, "\(result.summary)")
            #expect(Set(result.backends.keys) == ["b1", "b2", "b3"])
        }

        @Test(arguments: [(vip, "ip daddr 203.0.113.10"), ("[2001:db8::10]:80", "ip6 daddr 2001:db8::10")])
        func framesComeFromTheBalancersMACToTheBackends(vip: String, match: String) throws {
            let balancer = try Balancer(Self.farm)
            let mac = try balancer.lab.mac(of: "back", at: "balancer")
            let ours = try FrameCounter(balancer.lab, at: "b1", "\(match) ether saddr \(mac) ether daddr 02:00:00:00:01:01")
            let others = try FrameCounter(balancer.lab, at: "b1", "\(match) ether saddr != \(mac)")
            let result = try balancer.lab.connect(to: vip, "--count 240 --rate 1200")
            #expect(result.isFlawless, "\(result.summary)")
            #expect(try ours.count() > 60)
            #expect(try others.count() == 0)
        }

        @Test(arguments: [vip, "[2001:db8::10]:80"]) func changedMACIsFollowedWithin200Milliseconds(vip: String) throws {
            let balancer = try Balancer(Self.farm)
            let seconds = try Machine.measured(atMost: 0.2) {
                try balancer.lab.at("b2", "ip link set eth0 address 02:00:00:00:01:02")
                try balancer.awaitAllUp()
                let load = try balancer.lab.connecting(to: vip, "--rate 500 --duration 2s --timeout 900ms")
                let seen = try FrameCounter(balancer.lab, at: "b2", "tcp dport 80 ether daddr 02:00:00:00:01:02")
                try eventually("the load has reached b2") { try seen.count() > 50 }
                let instant = monotonicNow()
                try balancer.lab.at("b2", "ip link set eth0 address 02:00:00:00:0f:02")
                let result = try load.result()
                #expect(result.backends["b2", default: 0] > 150, "\(result.summary)")
                return result.secondsToLastFailure(after: instant)
            }
            try balancer.lab.at("b2", "ip link set eth0 address 02:00:00:00:01:02")
            #expect(seconds <= 0.2)
        }

        @Test func backendWithoutANeighbourIsHeldOutAndSaysWhy() throws {
            var farm = FarmFile(listen: [Self.vip], mode: "dsr", backends: .init(1...2, families: [4]), health: "{ type: none }")
            farm.backends.lines.append("{ name: ghost, address: 10.0.1.77, port: 80 }")
            let balancer = try Balancer(notStartedWith: ["farm": farm.text])
            try balancer.start()
            try eventually("b1 and b2 serve", lastSeen: balancer.lastWords) {
                try balancer.statusOrNil() != nil && balancer.backend("b1").share > 0 && balancer.backend("b2").share > 0
            }
            let ghost = try balancer.backend("ghost")
            #expect(ghost.share == 0)
            #expect(ghost.reason.contains("neighbour"), "\(ghost)")
            #expect(try balancer.status().farms.degraded == 1)
            let result = try balancer.lab.connect(to: Self.vip, "--count 100 --rate 500")
            #expect(result.isFlawless && Set(result.backends.keys) == ["b1", "b2"], "\(result.summary)")
        }

        @Test func killedBackendGetsNoNewConnections() throws {
            let balancer = try Balancer(Self.farm)
            try balancer.lab.killServers(of: "b3")
            try balancer.awaitHealth("down", of: "b3")
            let result = try balancer.lab.connect(to: Self.vip, "--count 200 --rate 500")
            #expect(result.isFlawless && Set(result.backends.keys) == ["b1", "b2"], "\(result.summary)")
        }

        @Test func flowsLeaveNoConntrackEntries() throws {
            let balancer = try Balancer(Self.farm)
            try balancer.lab.at("balancer", ["sh", "-c", "conntrack -F 2>/dev/null"])
            for vip in [Self.vip, "[2001:db8::10]:80"] { #expect(try balancer.lab.connect(to: vip, "--count 50 --rate 500").isFlawless) }
            let entries = try ["ipv4", "ipv6"].map { try balancer.lab.at("balancer", ["conntrack", "-L", "-f", $0]) }.joined()
            #expect(!entries.contains("203.0.113.10") && !entries.contains("2001:db8::10"), "\(entries)")
        }
    }
}

/// Counts the frames that arrive at a backend, by a rule at its own ingress.
private final class FrameCounter {
    private let lab: Lab
    private let (place, table): (String, String)

    init(_ lab: Lab, at place: String, _ match: String) throws {
        (self.lab, self.place) = (lab, place)
        table = "frames\(monotonicNow())"
        try lab.at(
            place, ["nft", "-f", "-"],
            input: """
                table netdev \(table) {
                    chain ingress {
                        type filter hook ingress device eth0 priority 0;
                        \(match) counter
                    }
                }

                """)
    }

    deinit {
        do { try lab.at(place, "nft delete table netdev \(table)") } catch { print("left behind: \(error)") }
    }

    func count() throws -> Int {
        let words = try lab.at(place, ["nft", "list", "table", "netdev", table]).split { " \n".contains($0) }
        guard let index = words.firstIndex(of: "packets"), let count = Int(words[index + 1]) else {
            throw TestFault("no counter in \(words)")
        }
        return count
    }
}

extension Lab {
    fileprivate func mac(of device: String, at place: String) throws -> String {
        let text = try at(place, ["cat", "/sys/class/net/\(device)/address"])
        return String(text.prefix { $0 != "\n" })
    }
}
