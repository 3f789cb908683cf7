import Testing

extension RealTraffic {
    /// What `lbctl trace` foretells is what connections meet.
    @Suite struct Traces {
        @Test(arguments: ["hash", "maglev"], [("203.0.113.10:80", "198.51.100.7"), ("[2001:db8::10]:80", "2001:db8:5::7")])
        func traceNamesTheBackendThatAConnectionReaches(scheduler: String, ends: (vip: String, client: String)) throws {
            let balancer = try Balancer(FarmFile(scheduler: scheduler))
            let sources = balancer.directory + "/sources"
            try (ends.client + "\n").save(as: sources)
            let reached = try balancer.lab.clients(of: ends.vip, "--sources \(sources) --per-source 20 --port-base 23456")
            #expect(reached.count == 20 && Set(reached.values).count > 1)
            let suffix = ends.vip.hasPrefix("[") ? "v6" : ""
            let foretold = try reached.map { client, _ in
                let trace: TraceView = try balancer.ask("trace", "--from", client, "--to", ends.vip)
                return (client, trace.outcomes.compactMap(\.backend))
            }
            #expect(Dictionary(uniqueKeysWithValues: foretold) == reached.mapValues { [$0 + suffix] })
        }

        @Test func choiceOfTheKernelIsNamedByItsShares() throws {
            let balancer = try Balancer(FarmFile(scheduler: "random"))
            let trace: TraceView = try balancer.ask("trace", "--from", "192.0.2.2:40000", "--to", "203.0.113.10:80")
            #expect(Set(trace.outcomes.compactMap(\.backend)) == ["b1", "b2", "b3"])
            #expect(abs(trace.outcomes.map(\.share).reduce(0, +) - 1) < 1e-6)
        }

        /// Where conntrack is done without, frames are looked at by device.
        @Test(arguments: ["stateless", "dsr"]) func framesAreTracedToTheirBackendToo(mode: String) throws {
            let balancer = try Balancer(FarmFile(mode: mode))
            let trace: TraceView = try balancer.ask("trace", "--from", "198.51.100.7:40000", "--to", "203.0.113.10:80")
            #expect(trace.outcomes.count == 1 && trace.outcomes[0].backend?.hasPrefix("b") == true, "\(trace)")
        }

        @Test func packetThatIsNotForAFarmPasses() throws {
            let balancer = try Balancer(FarmFile())
            let trace: TraceView = try balancer.ask("trace", "--from", "192.0.2.2:40000", "--to", "203.0.113.10:81")
            #expect(trace.outcomes.map(\.result) == ["pass"])
        }
    }
}
