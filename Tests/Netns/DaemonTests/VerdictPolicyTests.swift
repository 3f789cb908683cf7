import Testing

extension RealTraffic {
    /// What follows from verdicts, seen by clients.
    @Suite struct Policy {
        private static let vip = "203.0.113.10:80"

        private static func farm(_ numbers: ClosedRange<Int>, _ health: String, mode: String = "dnat", more: [String] = []) -> FarmFile {
            FarmFile(
                listen: [vip], mode: mode, scheduler: "round-robin", backends: .init(numbers, families: [4]),
                health: "{ type: tcp, port: 80, interval: 100ms, rise: 1, fall: 2, \(health) }", more: more)
        }

        @Test func belowTheThresholdAllAreUsedAndItIsSaid() throws {
            let balancer = try Balancer(Self.farm(1...4, "panicThreshold: 50%"))
            try balancer.lab.killServers(of: "b1", "b2", "b3")
            for backend in ["b1", "b2", "b3"] { try balancer.awaitHealth("down", of: backend) }
            try eventually("it is a panic") { try balancer.status().panics == ["web"] }
            let result = try balancer.lab.connect(to: Self.vip, "--count 80 --rate 800")
            #expect(result.backends == ["b4": 20] && result.failures["refused"] == 60, "\(result.summary)")
            let words = try balancer.lbctl("why", "web").text()
            #expect(words.contains("PANIC: all are used") && words.contains("1 of 4"), "\(words)")
            try balancer.lab.killServers(of: "b4")
            try balancer.awaitHealth("down", of: "b4")
            #expect(try balancer.lab.connect(to: Self.vip, "--count 10 --rate 500").failures["refused"] == 10)
            #expect(try balancer.status().panics.isEmpty, "nobody healthy is no panic: noBackend answers")
        }

        @Test func aReturnTakesItsLoadInSteps() throws {
            let balancer = try Balancer(Self.farm(1...3, "slowStart: 8s"))
            try balancer.lab.killServers(of: "b1")
            try balancer.awaitHealth("down", of: "b1")
            try balancer.lab.startServers(of: "b1")
            try balancer.awaitHealth("up", of: "b1")
            let early = try balancer.lab.connect(to: Self.vip, "--count 360 --rate 1200")
            #expect(early.isFlawless && (1...70).contains(early.backends["b1"] ?? 0), "\(early.summary)")
            try eventually("it has its whole share", within: .seconds(15)) { try abs(balancer.backend("b1").share - 1.0 / 3) < 0.001 }
            let late = try balancer.lab.connect(to: Self.vip, "--count 360 --rate 1200")
            #expect(late.backends == ["b1": 120, "b2": 120, "b3": 120], "\(late.summary)")
        }

        @Test func aFileTakesABackendOutOfServiceAndGivesItBack() throws {
            let balancer = try Balancer(Self.farm(1...2, "onDown: remove"))
            let signs = balancer.directory + "/maintenance.d"
            try Program.succeed(["mkdir", signs])
            try "new disk\n".save(as: signs + "/web@b1")
            try eventually("b1 is out", lastSeen: balancer.lastWords) { try balancer.backend("b1").share == 0 }
            #expect(try balancer.lab.connect(to: Self.vip, "--count 20 --rate 500").backends == ["b2": 20])
            #expect(try balancer.lbctl("why", "web/b1").text().contains("maintenance.d/web@b1: new disk"))
            balancer.kill()
            try balancer.start()
            try balancer.awaitAnswer()
            #expect(try balancer.backend("b1").admin == "maintenance", "it outlasts a restart")
            try Program.succeed(["rm", signs + "/web@b1"])
            try eventually("b1 is back", lastSeen: balancer.lastWords) { try balancer.backend("b1").share == 0.5 }
        }

        /// The server of the health check is another than the one that clients use: it can die alone.
        @Test(arguments: ["dnat", "snat"]) func resetEndsTheConnectionsOfTheFallen(mode: String) throws {
            let balancer = try Balancer(
                notStartedWith: [
                    "farm": FarmFile(
                        listen: ["203.0.113.10:9000"], mode: mode, backends: .init(1...2, port: 9000, families: [4]),
                        health: "{ type: tcp, port: 7001, interval: 100ms, rise: 1, fall: 2, onDown: reset }"
                    ).text
                ])
            let signs = try ["b1", "b2"].map { try balancer.lab.serve("health", at: $0, port: 7001) }
            try balancer.start()
            try balancer.awaitAllUp()
            let load = try balancer.lab.holding(to: "203.0.113.10:9000", seconds: 6)
            try eventually("connections are open at b1") { try Self.open(balancer, "b1") > 5 }
            signs[0].kill()
            try balancer.awaitHealth("down", of: "b1")
            let result = try load.result()
            let ended = result.failures.count { $0.backend == "b1" }
            #expect(ended > 5 && result.alive == result.count - ended && result.alive > 0, "\(result.summary)")
            signs[1].kill()
        }

        private static func open(_ balancer: Balancer, _ backend: String) throws -> Int {
            try balancer.lab.at(backend, ["ss", "-Hnt", "state", "established", "( sport = :9000 )"]).split(separator: "\n").count
        }

        @Test(arguments: ["refuses", "is silent"]) func whoFailsRealConnectionsThoughItsProbeSucceedsIsEjectedAndReturns(
            manner: String
        ) throws {
            let balancer = try Balancer(
                notStartedWith: [
                    "farm": FarmFile(
                        listen: [Self.vip], scheduler: "round-robin", backends: .init(1...3, families: [4]),
                        health:
                            "{ type: tcp, port: 7001, interval: 100ms, passive: { failures: 4, window: 10s, ejectTime: 3s } }"
                    ).text
                ])
            let signs = try ["b1", "b2", "b3"].map { try balancer.lab.serve("health", at: $0, port: 7001) }
            try balancer.start()
            try balancer.awaitAllUp()
            let verdict = manner == "refuses" ? "reject with tcp reset" : "drop"
            try balancer.lab.at(
                "b1", ["nft", "-f", "-"],
                input: "table ip fault {\nchain input {\ntype filter hook input priority 0;\ntcp dport 80 \(verdict)\n}\n}\n")
            defer { _ = try? balancer.lab.at("b1", ["nft", "delete", "table", "ip", "fault"]) }
            #expect(try balancer.lab.connect(to: Self.vip, "--count 30 --rate 300 --timeout 500ms").failed == 10)
            try eventually("b1 is ejected", lastSeen: balancer.lastWords) { try balancer.backend("b1").share == 0 }
            let view = try balancer.backend("b1")
            #expect(view.health == "up" && view.reason.hasPrefix("ejected by passive detection until "), "\(view)")
            #expect(try balancer.lab.connect(to: Self.vip, "--count 30 --rate 300").backends == ["b2": 15, "b3": 15])
            _ = try balancer.lab.at("b1", ["nft", "delete", "table", "ip", "fault"])
            try eventually("b1 is back", lastSeen: balancer.lastWords) { try balancer.backend("b1").share > 0.3 }
            #expect(try balancer.lab.connect(to: Self.vip, "--count 30 --rate 300").backends == ["b1": 10, "b2": 10, "b3": 10])
            for sign in signs { sign.kill() }
        }
    }
}
