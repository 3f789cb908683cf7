import Testing

extension RealTraffic {
    /// What a server says of itself, and several checks of one backend, seen by clients.
    @Suite struct Agents {
        private static let vip = "203.0.113.10:80"

        /// Answers every connection with what a file holds.
        private static let agent = """
            import socketserver, sys
            class Words(socketserver.BaseRequestHandler):
                def handle(self): self.request.sendall(open(sys.argv[1], "rb").read())
            socketserver.TCPServer.allow_reuse_address = True
            socketserver.TCPServer(("0.0.0.0", 7002), Words).serve_forever()
            """

        @Test func anAgentsWordsMoveNewConnectionsAndKeepTheOldOnes() throws {
            let balancer = try Balancer(
                notStartedWith: [
                    "farm": FarmFile(
                        listen: [Self.vip, "203.0.113.10:9000"], scheduler: "round-robin",
                        backends: .init(1...2, port: nil, families: [4]) { $0 == 1 ? "weight: 100, health: \(Self.asked)" : "weight: 100" },
                        health: "{ type: tcp, port: 80, interval: 100ms, rise: 1, fall: 2 }"
                    ).text
                ])
            let words = balancer.directory + "/agent"
            try "ready up 100%\n".save(as: words)
            let agent = try Program(balancer.lab.inside("b1", ["python3", "-c", Self.agent, words]))
            defer { agent.kill() }
            try eventually("the agent listens") { try balancer.lab.at("b1", ["ss", "-Hltn"]).contains(":7002 ") }
            try balancer.start()
            try balancer.awaitAllUp()
            let held = try balancer.lab.holding(to: "203.0.113.10:9000", seconds: 8)
            try Self.expectHalves(balancer, 40)

            try "25%\n".save(as: words)
            try eventually("a quarter of its weight", lastSeen: balancer.lastWords) { try abs(balancer.backend("b1").share - 0.2) < 0.01 }
            let quarter = try balancer.lab.connect(to: Self.vip, "--count 400 --rate 1200").backends
            #expect((76...84).contains(quarter["b1"] ?? 0), "\(quarter)")

            try "drain\n".save(as: words)
            try eventually("it drains", lastSeen: balancer.lastWords) { try balancer.backend("b1").share == 0 }
            #expect(try balancer.lab.connect(to: Self.vip, "--count 40 --rate 400").backends == ["b2": 40])
            let result = try held.result()
            #expect(result.alive == result.count, "\(result.summary)")

            // Silence changes nothing: what it has said stays.
            agent.kill()
            try "ready 100%\n".save(as: words)
            #expect(try balancer.lab.connect(to: Self.vip, "--count 40 --rate 100").backends == ["b2": 40])
            let another = try Program(balancer.lab.inside("b1", ["python3", "-c", Self.agent, words]))
            defer { another.kill() }
            try eventually("it is back", lastSeen: balancer.lastWords) { try balancer.backend("b1").share == 0.5 }

            try "stopped#backup runs\n".save(as: words)
            try balancer.awaitHealth("down", of: "b1")
            #expect(try balancer.backend("b1").reason.contains("backup runs"))
            #expect(try balancer.lab.connect(to: Self.vip, "--count 40 --rate 400").backends == ["b2": 40])
        }

        /// Of two equal backends. A table has an odd number of slots, and the turn may be anywhere in it.
        private static func expectHalves(_ balancer: Balancer, _ count: Int) throws {
            let result = try balancer.lab.connect(to: vip, "--count \(count) --rate 400").backends
            #expect(abs(result["b1", default: 0] - result["b2", default: 0]) <= 4 && result.values.reduce(0, +) == count, "\(result)")
        }

        private static let asked = "{ type: tcp, port: 80, interval: 100ms, rise: 1, fall: 2, agent: { port: 7002, interval: 100ms } }"

        /// One of two checks fails: what that means is for the farm to say.
        @Test(arguments: ["all", "any"]) func severalChecksJudgeABackendAsTheFarmRequires(require: String) throws {
            let balancer = try Balancer(
                notStartedWith: [
                    "farm": FarmFile(
                        listen: [Self.vip], scheduler: "round-robin", backends: .init(1...2, families: [4]),
                        health: "{ interval: 100ms, rise: 1, fall: 2, require: \(require), "
                            + "checks: [{ type: http, port: 80, path: / }, { type: tcp, port: 7001 }] }"
                    ).text
                ])
            let second = try ["b1", "b2"].map { try balancer.lab.serve("second", at: $0, port: 7001) }
            defer { for server in second { server.kill() } }
            try balancer.start()
            try balancer.awaitAllUp()
            try Self.expectHalves(balancer, 40)
            second[0].kill()
            if require == "all" {
                try balancer.awaitHealth("down", of: "b1")
                #expect(try balancer.lab.connect(to: Self.vip, "--count 40 --rate 400").backends == ["b2": 40])
                let again = try balancer.lab.serve("second", at: "b1", port: 7001)
                defer { again.kill() }
                try balancer.awaitHealth("up", of: "b1")
                try Self.expectHalves(balancer, 40)
            } else {
                // Longer than two failures take.
                try Self.expectHalves(balancer, 400)
                try balancer.lab.killServers(of: "b1")
                try balancer.awaitHealth("down", of: "b1")
                #expect(try balancer.lab.connect(to: Self.vip, "--count 40 --rate 400").backends == ["b2": 40])
            }
        }
    }
}
