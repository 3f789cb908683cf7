import FoundationEssentials
import Glibc
import Testing

extension RealTraffic {
    /// lbctl as scripts use it: exit codes and JSON.
    @Suite struct CommandLine {
        private static let farm = FarmFile(backends: .init(1...3) { $0 == 3 ? "weight: 2" : "" })

        @Test func exitCodesAreThePromisedOnes() throws {
            let balancer = try Balancer(Self.farm)
            func code(_ words: String...) throws -> Int32 { try Program.run([Programs.lbctl, "--socket", balancer.socket] + words).status }

            for words in [
                ["status"], ["farm", "list"], ["farm", "show", "web"], ["backend", "list"], ["rules"], ["apply"], ["apply", "--dry-run"],
                ["plan"],
            ] {
                #expect(try Program.run([Programs.lbctl, "--socket", balancer.socket] + words).status == 0, "\(words)")
            }
            #expect(try Program.run([Programs.lbctl, "check", balancer.path("farm")]).status == 0)
            #expect(try code("status", "--nonsense") == 2)
            #expect(try code("nonsense") == 2)
            #expect(try code("backend", "weight", "web/b1", "heavy") == 2)
            #expect(try code("history") == 2)
            #expect(try code("farm", "show", "nobody") == 3)
            #expect(try code("backend", "drain", "web/nobody") == 3)
            #expect(try code("backend", "list", "nobody") == 3)
            #expect(try code("monitor", "--farm", "nobody") == 3)
            #expect(try code("session", "delete", "web", "--all") == 1)
            #expect(try Program.run([Programs.lbctl, "--socket", balancer.directory + "/none", "status"]).status == 5)

            try balancer.lab.killServers(of: "b2")
            try balancer.awaitHealth("down", of: "b2")
            #expect(try code("status") == 6)
            balancer.kill()
            #expect(try code("status") == 5)
        }

        @Test func aStoppedDaemonIsToldOfWithinSeconds() throws {
            let balancer = try Balancer(Self.farm)
            balancer.signal(SIGSTOP)
            let asked = ContinuousClock.now
            let told = try balancer.lbctl("status")
            #expect(told.status == 5 && told.errors.contains("does not answer"), "\(told)")
            #expect(asked.duration(to: .now) < .seconds(10))
            #expect(try balancer.lbctl("monitor").status == 5)
            balancer.signal(SIGCONT)
            try balancer.awaitAnswer()
            #expect(try balancer.lbctl("status").status == 0)
        }

        @Test func farmsAndBackendsAreListedAsPromised() throws {
            let balancer = try Balancer(Self.farm)
            let farms: FarmList = try balancer.ask("farm", "list")
            let farm = try #require(farms.farms.first)
            #expect((farm.name, farm.mode, farm.scheduler, farm.state) == ("web", "dnat", "maglev", "up"))
            #expect(farm.listen == ["203.0.113.10:80/tcp", "[2001:db8::10]:80/tcp"])
            #expect((farm.backends.total, farm.backends.healthy, farm.backends.used) == (6, 6, 6))

            let backend = try balancer.backend("b3")
            #expect(
                (backend.farm, backend.address, backend.port, backend.weight, backend.effectiveWeight) == ("web", "10.0.1.13", "80", 2, 2))
            #expect((backend.priority, backend.admin, backend.health) == (1, "ready", "up"))
            #expect(abs(backend.share - 0.5) <= 0.01)
            #expect(backend.since?.hasSuffix("Z") == true)
        }

        @Test func backendThatIsDownSaysWhy() throws {
            let balancer = try Balancer(Self.farm)
            try balancer.lab.killServers(of: "b1")
            try balancer.awaitHealth("down", of: "b1")
            let backend = try balancer.backend("b1")
            #expect((backend.effectiveWeight, backend.share) == (0, 0))
            #expect(backend.reason.contains("refused"), "\(backend)")
            let farms: FarmList = try balancer.ask("farm", "list")
            #expect(farms.farms.first?.state == "degraded")
            #expect(try balancer.status().backends.down == 2)
        }

        @Test func instantsDoNotWanderBetweenTwoAnswers() throws {
            let balancer = try Balancer(Self.farm)
            let first = try balancer.backends().map(\.since)
            for _ in 1...10 { #expect(try balancer.backends().map(\.since) == first) }
        }

        @Test func connectionsAreCountedByFarm() throws {
            let (one, other) = (
                FarmFile(name: "one", listen: ["203.0.113.10:9000"], backends: .init(1...1, port: 9000, families: [4])),
                FarmFile(name: "other", listen: ["203.0.113.11:9000"], backends: .init(1...1, port: 9000, families: [4]))
            )
            let balancer = try Balancer(["one": one.text, "other": other.text])
            let long = try balancer.lab.holding(to: "203.0.113.10:9000", seconds: 1)
            try eventually("forty connections of farm one") { try balancer.backends().first { $0.farm == "one" }?.connections == 40 }
            #expect(try balancer.backends().first { $0.farm == "other" }?.connections == 0)
            _ = try long.result()
        }

        @Test func planOfWhatRunsIsTheSame() throws {
            let balancer = try Balancer(Self.farm)
            let plan: PlanView = try balancer.ask("plan")
            #expect(plan.same && plan.slotsMoved == 0)
            #expect((plan.elements.added, plan.elements.removed, plan.connectionsAtRisk) == (0, 0, 0))
            #expect(plan.farms.added + plan.farms.changed + plan.farms.removed == [])
        }

        @Test func monitorTellsVerdictsOverridesAndChanges() throws {
            let balancer = try Balancer(Self.farm)
            let events = try EventLines(balancer, nudging: "web/b1")
            try balancer.lab.killServers(of: "b2")
            try events.await("b2 is down") { $0.kind == "verdict" && $0.backend == "b2" && $0.farm == "web" }
            _ = try balancer.lbctl("backend", "drain", "web/b3").text()
            try events.await("b3 is drained") { $0.kind == "override" && $0.backend == "b3" }
            try balancer.write("farm", FarmFile(scheduler: "random").text)
            try balancer.apply()
            try events.await("the files are applied") { $0.kind == "change" || $0.kind == "config" }
        }

        @Test func rulesAreTextThatNftAccepts() throws {
            let balancer = try Balancer(Self.farm)
            let text = try balancer.lbctl("rules").text()
            #expect(text.contains("203.0.113.10 . tcp . 80"))
            // In a namespace without an owner of the tables.
            try balancer.lab.at("client", ["nft", "--check", "-f", "-"], input: text)
        }
    }
}
