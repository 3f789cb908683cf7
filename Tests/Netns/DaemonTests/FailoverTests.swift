import Testing

extension RealTraffic {
    /// How long clients notice a backend that is gone, with checks of 100 ms × 2 at 500 connections a second.
    @Suite struct Failover {
        private static let vip = "203.0.113.10:80"
        private static let farm = FarmFile(
            listen: [vip], mode: "snat", backends: .init(1...3, families: [4]),
            health: "{ interval: 100ms, timeout: 100ms, rise: 2, fall: 2 }")

        @Test func killedBackendIsLeftWithinAQuarterOfASecond() throws {
            let balancer = try Balancer(Self.farm)
            let seconds = try Machine.measured(atMost: 0.25) {
                try Self.secondsToLastFailure(balancer) { try balancer.lab.killServers(of: "b2") }
            }
            #expect(seconds <= 0.25)
        }

        @Test func silentBackendIsLeftSoonAndNobodyStaysStuckOnIt() throws {
            let balancer = try Balancer(Self.farm)
            let seconds = try Machine.measured(atMost: 0.35) {
                try Self.secondsToLastFailure(balancer) { try balancer.lab.unplug("b2") }
            }
            #expect(seconds <= 0.35)
        }

        @Test func clientsStuckOnASilentBackendConnectWithin1500Milliseconds() throws {
            let balancer = try Balancer(Self.farm)
            let stuck = try Machine.measured(atMost: 0) {
                let (load, instant) = try Self.load(on: balancer, timeout: "1500ms") { try balancer.lab.unplug("b2") }
                // The kernel sends a SYN again after a second.
                #expect(load.latencyMs?.max ?? 0 > 900, "nobody was stuck on the silent backend")
                // Those that had sent their request before it fell silent cannot be helped.
                return Double(load.failureLog.count { $0.startedNs >= instant })
            }
            #expect(stuck == 0)
        }

        @Test func datagramFlowsLeaveADeadBackend() throws {
            let farm = FarmFile(listen: ["203.0.113.10:5300/udp"], backends: .init(1...3, port: 5300, families: [4]))
            let balancer = try Balancer(farm)
            let tracked = try balancer.lab.trackedConnections()
            let flows: Load<LongResult> = try Load(
                balancer.lab, ["long", "--udp", "--to", "203.0.113.10:5300", "--count", "30", "--duration", "2s"])
            try eventually("the flows are running") { try balancer.lab.trackedConnections() >= tracked + 30 }
            try balancer.lab.killServers(of: "b2")
            let result = try flows.result()
            #expect(result.alive == 30 && result.backendChanges > 0, "\(result)")
            #expect(Set(result.backends.keys) == ["b1", "b3"], "\(result)")
        }

        private static func secondsToLastFailure(_ balancer: Balancer, _ harm: () throws -> Int64) throws -> Double {
            let (result, instant) = try load(on: balancer, timeout: "900ms", harm)
            #expect(result.localErrors == 0)
            #expect(result.failed > 0, "nobody noticed: the backend had no connections")
            return result.secondsToLastFailure(after: instant)
        }

        private static func load(on balancer: Balancer, timeout: String, _ harm: () throws -> Int64) throws -> (LoadResult, instant: Int64)
        {
            try balancer.lab.mend()
            try balancer.awaitAllUp()
            let tracked = try balancer.lab.trackedConnections()
            let load = try balancer.lab.connecting(to: vip, "--rate 500 --duration 2s --timeout \(timeout) --sources \(Lab.clients4)")
            try eventually("the load is running") { try balancer.lab.trackedConnections() > tracked + 200 }
            let instant = try harm()
            return (try load.result(), instant)
        }
    }
}
