import Testing

extension RealTraffic {
    /// A client stays where its last connection went, whatever the scheduler says, as long as that backend lives.
    @Suite struct Persistence {
        private static let listeners = ["203.0.113.10:80", "[2001:db8::10]:80"]
        private static func farm(_ persistence: String = "{ timeout: 10m }", mode: String = "snat") -> FarmFile {
            FarmFile(mode: mode, scheduler: "random", more: ["persistence: \(persistence)"])
        }

        @Test(arguments: listeners, ["dnat", "snat"]) func clientKeepsItsBackend(vip: String, mode: String) throws {
            let balancer = try Balancer(Self.farm(mode: mode))
            let result = try balancer.lab.connect(to: vip, "--count 100 --rate 400")
            #expect(result.isFlawless, "\(result.summary)")
            #expect(result.backends.count == 1, "\(result.backends)")
        }

        @Test func clientsAreSpreadAndEachKeepsItsOwn() throws {
            let balancer = try Balancer(Self.farm())
            let first = try balancer.lab.clients(of: Self.listeners[0])
            #expect(Set(first.values) == ["b1", "b2", "b3"])
            #expect(try Movement(before: first, after: balancer.lab.clients(of: Self.listeners[0])).moved == 0)
        }

        @Test func clientsOfADeadBackendMoveAndTheOthersStay() throws {
            let balancer = try Balancer(Self.farm())
            let before = try balancer.lab.clients(of: Self.listeners[0])
            try balancer.lab.killServers(of: "b2")
            try balancer.awaitHealth("down", of: "b2")
            let movement = Movement(before: before, after: try balancer.lab.clients(of: Self.listeners[0]))
            #expect(movement.shareMoved(from: ["b2"]) == 1)
            #expect(movement.shareMoved(from: ["b1", "b3"]) == 0)
            // And stay there when it is back.
            try balancer.lab.startServers(of: "b2")
            try balancer.awaitHealth("up", of: "b2")
            #expect(try Movement(before: movement.after, after: balancer.lab.clients(of: Self.listeners[0])).moved == 0)
        }

        @Test func sessionsOutliveChangesOfTheFarmAndTheDaemon() throws {
            let balancer = try Balancer(Self.farm())
            let before = try balancer.lab.clients(of: Self.listeners[0])
            var more = Self.farm()
            more.backends = .init(1...5)
            try balancer.write("farm", more.text)
            try balancer.apply()
            balancer.kill()
            try balancer.start()
            try balancer.awaitAllUp()
            #expect(try Movement(before: before, after: balancer.lab.clients(of: Self.listeners[0])).moved == 0)
        }

        @Test func sessionEndsAfterItsTimeout() throws {
            let balancer = try Balancer(Self.farm("{ timeout: 1s }"))
            let before = try balancer.lab.clients(of: Self.listeners[0])
            try eventually("some of 254 clients are balanced anew", within: .seconds(5)) {
                // Longer than the timeout: every look renews what is still there.
                try balancer.lab.at("client", "sleep 1.3")
                return try Movement(before: before, after: balancer.lab.clients(of: Self.listeners[0])).moved > 50
            }
        }

        @Test func sessionsOfTheFileHold() throws {
            let balancer = try Balancer(
                Self.farm(
                    "{ timeout: 10m, sessions: [ { source: 192.0.2.2, backend: b3 }, { source: \"2001:db8:c::2\", backend: b2v6 } ] }"))
            for (vip, backend) in zip(Self.listeners, ["b3", "b2"]) {
                let result = try balancer.lab.connect(to: vip, "--count 50 --rate 400")
                #expect(result.isFlawless && Set(result.backends.keys) == [backend], "\(result.summary)")
            }
        }
    }
}
