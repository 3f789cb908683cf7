import Glibc
import Testing

extension RealTraffic {
    /// What an operator says of a backend counts until it is taken back, whatever happens to the daemon.
    @Suite struct Overrides {
        private static let vip = "203.0.113.10:80"
        private static let farm = FarmFile(
            listen: ["{ address: 203.0.113.10, ports: [80, 9000] }"], scheduler: "round-robin",
            backends: .init(1...3, port: nil, families: [4]))

        @Test(arguments: ["drain", "maintenance"]) func backendTakenOutKeepsItsConnectionsAndGetsNoNewOnes(state: String) throws {
            let balancer = try Balancer(Self.farm)
            let long = try balancer.lab.holding(to: "203.0.113.10:9000", seconds: 2)
            try eventually("long connections on b1") { (try balancer.backend("b1").connections ?? 0) > 5 }
            #expect(try balancer.lbctl("backend", state, "web/b1").status == 0)
            #expect(try balancer.backend("b1").admin == state)
            #expect(try balancer.backend("b1").share == 0)
            let result = try balancer.lab.connect(to: Self.vip, "--count 360 --rate 1200")
            #expect(result.isFlawless && result.backends == ["b2": 180, "b3": 180], "\(result.summary)")
            let held = try long.result()
            #expect(held.areAllAlive && held.backends["b1", default: 0] > 5, "\(held)")
        }

        @Test(arguments: [SIGKILL, SIGTERM]) func overridesSurviveARestartAndResetDropsThem(signal: Int32) throws {
            let balancer = try Balancer(Self.farm)
            #expect(try balancer.lbctl("backend", "drain", "web/b1").status == 0)
            #expect(try balancer.lbctl("backend", "weight", "web/b2", "3").status == 0)
            let rules = try balancer.kernelRules()
            balancer.signal(signal)
            try eventually("it ends") { balancer.daemon?.exitStatus != nil }
            try balancer.start()
            try balancer.awaitAnswer()
            #expect(try balancer.backend("b1").admin == "drain")
            #expect(try balancer.backend("b2").effectiveWeight == 3)
            #expect(try balancer.kernelRules() == rules)
            let result = try balancer.lab.connect(to: Self.vip, "--count 360 --rate 1200")
            #expect(result.backends == ["b2": 270, "b3": 90], "\(result.summary)")

            #expect(try balancer.lbctl("backend", "reset", "web/b1").status == 0)
            #expect(try balancer.lbctl("backend", "reset", "web/b2").status == 0)
            #expect(try balancer.backends().allSatisfy { $0.admin == "ready" && $0.effectiveWeight == 1 })
            #expect(try balancer.lab.connect(to: Self.vip, "--count 99 --rate 500").backends == ["b1": 33, "b2": 33, "b3": 33])
        }

        @Test func drainWaitsForTheLastConnection() throws {
            let balancer = try Balancer(Self.farm)
            let long = try balancer.lab.holding(to: "203.0.113.10:9000", seconds: 2)
            try eventually("long connections on b1") { (try balancer.backend("b1").connections ?? 0) > 5 }
            let drain = try Program([
                Programs.lbctl, "--socket", balancer.socket, "backend", "drain", "web/b1", "--wait", "--timeout", "10s",
            ])
            try eventually("b1 is drained") { try balancer.backend("b1").admin == "drain" }
            #expect(drain.exitStatus == nil, "it waits for the long ones")
            #expect(try long.result().areAllAlive)
            try eventually("the wait ends with the connections") { drain.exitStatus != nil }
            #expect(drain.exitStatus == 0)
            #expect(try Program.run([Programs.lbctl, "--socket", balancer.socket, "backend", "ready", "web/b1", "--wait"]).status == 0)
            #expect(try balancer.backend("b1").share > 0)
        }
    }
}
