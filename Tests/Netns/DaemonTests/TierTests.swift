import Testing

extension RealTraffic {
    /// Priorities and the quorum, and what happens when nobody is left.
    @Suite struct Tiers {
        private static let vip = "203.0.113.10:80"

        @Test func nextTierJoinsBelowTheQuorumAndLeavesAgain() throws {
            let backends = FarmFile.Backends(1...3, families: [4]) { $0 == 3 ? "priority: 2" : "" }
            let balancer = try Balancer(FarmFile(listen: [Self.vip], scheduler: "round-robin", backends: backends, more: ["quorum: 2"]))
            #expect(try balancer.lab.connect(to: Self.vip, "--count 360 --rate 1200").backends == ["b1": 180, "b2": 180])
            try balancer.lab.killServers(of: "b1")
            try balancer.awaitHealth("down", of: "b1")
            #expect(try balancer.lab.connect(to: Self.vip, "--count 360 --rate 1200").backends == ["b2": 180, "b3": 180])
            try balancer.lab.startServers(of: "b1")
            try balancer.awaitHealth("up", of: "b1")
            #expect(try balancer.lab.connect(to: Self.vip, "--count 360 --rate 1200").backends == ["b1": 180, "b2": 180])
        }

        @Test(arguments: ["dnat", "snat", "dsr"], ["reject", "drop", "pass"]) func nobodyLeftIsAnsweredAsTheFileSays(
            mode: String, answer: String
        ) throws {
            let balancer = try Balancer(FarmFile(mode: mode, backends: .init(1...2), more: ["noBackend: \(answer)"]))
            // Only `pass` may ever reach it.
            let host = try balancer.lab.serve("host", at: "balancer", port: 80)
            try balancer.lab.killServers(of: "b1", "b2")
            for backend in ["b1", "b2", "b1v6", "b2v6"] { try balancer.awaitHealth("down", of: backend) }
            for vip in [Self.vip, "[2001:db8::10]:80"] {
                let result = try balancer.lab.connect(to: vip, "--count 10 --rate 500 --timeout 300ms")
                switch answer {
                case "reject": #expect(result.failures["refused"] == 10, "\(vip): \(result.summary)")
                case "drop": #expect(result.failures["timeout"] == 10, "\(vip): \(result.summary)")
                default: #expect(result.backends == ["host": 10], "\(vip): \(result.summary)")
                }
            }
            let farms: FarmList = try balancer.ask("farm", "list")
            #expect(farms.farms.map(\.state) == ["down"])
            host.kill()
        }

        @Test(arguments: ["dnat", "snat", "dsr"]) func listenerNeverFallsThroughToTheHostFromTheFirstMoment(mode: String) throws {
            var farm = FarmFile(mode: mode)
            farm.backends = .init(1...2)
            let balancer = try Balancer(notStartedWith: ["farm": farm.text])
            let host = try balancer.lab.serve("host", at: "balancer", port: 80)
            try balancer.lab.killServers(of: "b1", "b2")
            try balancer.start()
            try eventually("the ruleset is there", lastSeen: balancer.lastWords) { try balancer.kernelRules().contains("203.0.113.10") }
            for vip in [Self.vip, "[2001:db8::10]:80"] {
                let result = try balancer.lab.connect(to: vip, "--count 50 --rate 200 --timeout 300ms")
                #expect(result.answered == 0, "\(vip): \(result.summary)")
            }
            host.kill()
        }

        @Test func datagramsToAListenerWithoutBackendsAreRejected() throws {
            let farm = FarmFile(listen: ["203.0.113.10:5300/udp"], backends: .init(1...2, port: 5300, families: [4]))
            let balancer = try Balancer(farm)
            try balancer.lab.killServers(of: "b1", "b2")
            for backend in ["b1", "b2"] { try balancer.awaitHealth("down", of: backend) }
            let result = try balancer.lab.connect(to: "203.0.113.10:5300", "--udp --count 5 --rate 5 --timeout 300ms")
            #expect(
                result.answered == 0 && (result.failures["refused", default: 0] + result.failures["unreachable", default: 0]) == 5,
                "\(result.summary)")
        }
    }
}
