import Testing

extension RealTraffic {
    /// What keeps running when the files are bad or gone.
    @Suite struct LastGood {
        private static let vip = "203.0.113.10:80"

        private static func manyFarms() -> [String: String] {
            Dictionary(
                uniqueKeysWithValues: (10...15).map { last in
                    (
                        "farm\(last)",
                        FarmFile(name: "farm\(last)", listen: ["203.0.113.\(last):80"], backends: .init(1...2, families: [4])).text
                    )
                })
        }

        @Test(arguments: [true, false]) func deletedFilesAreAMistakeUnlessForced(areMany: Bool) throws {
            let files = Self.manyFarms().filter { areMany || $0.key == "farm10" }
            let balancer = try Balancer(files)
            let rules = try balancer.kernelRules()
            for file in files.keys { balancer.remove(file) }
            try eventually("the missing files are noticed") { try !balancer.status().configFaults.isEmpty }
            let refused = try balancer.lbctl("apply")
            #expect(refused.status == 4, "\(refused)")
            #expect(refused.errors.contains("--force"))
            let dry = try balancer.lbctl("apply", "--dry-run")
            #expect(dry.status == 4 && dry.errors.contains("--force"), "\(dry)")
            let told = try balancer.lbctl("status")
            #expect(told.status == 6 && told.output.contains("farm files are good, and held back by the blast radius"), "\(told)")
            #expect(try balancer.kernelRules() == rules)
            #expect(try balancer.lab.connect(to: Self.vip, "--count 20 --rate 400").isFlawless)

            let plan: PlanView = try balancer.ask("plan")
            #expect(!plan.same && plan.farms.removed == files.keys.sorted() && plan.elements.removed > 0)
            #expect(try balancer.lbctl("plan").status == 1)
            #expect(try balancer.lbctl("apply", "--dry-run", "--force").status == 0)
            #expect(try balancer.kernelRules() == rules)
            try balancer.apply("--force")
            #expect(try balancer.status().farms.total == 0)
            #expect(try !balancer.kernelRules().contains("203.0.113."))
            #expect(try balancer.lab.connect(to: Self.vip, "--count 5 --rate 100").answered == 0)
        }

        @Test(arguments: [true, false]) func deletedFilesAreAMistakeAtTheStartToo(areMany: Bool) throws {
            let files = Self.manyFarms().filter { areMany || $0.key == "farm10" }
            let balancer = try Balancer(files)
            let rules = try balancer.kernelRules()
            balancer.kill()
            for file in files.keys { balancer.remove(file) }
            try balancer.start()
            try balancer.awaitAnswer()
            #expect(try balancer.kernelRules() == rules)
            #expect(try !balancer.status().configFaults.isEmpty)
        }

        @Test func deletedFilesAreAMistakeWhereNothingIsRememberedToo() throws {
            let balancer = try Balancer(FarmFile())
            let rules = try balancer.kernelRules()
            balancer.kill()
            balancer.remove("farm")
            try Program.succeed(["rm", balancer.state + "/last-good.json"])
            try balancer.start()
            try balancer.awaitAnswer()
            #expect(try balancer.lbctl("status").output.contains("held back by the blast radius"))
            #expect(try balancer.lbctl("apply").status == 4)
            #expect(try balancer.kernelRules() == rules)
            try balancer.apply("--force")
            #expect(try !balancer.kernelRules().contains("203.0.113."))
        }

        @Test(arguments: [false, true]) func badFileAtTheStartKeepsTheLastGood(afterAReboot: Bool) throws {
            let balancer = try Balancer(FarmFile())
            let rules = try balancer.kernelRules()
            balancer.kill()
            if afterAReboot { try balancer.lab.at("balancer", "nft flush ruleset") }
            try balancer.write("farm", "farm: web\nlisten: [")
            try balancer.start()
            try balancer.awaitAnswer()
            try eventually("all backends are up", lastSeen: balancer.lastWords) { try balancer.status().backends.up == 6 }
            #expect(try balancer.status().configFaults.joined().contains("farm.yaml:"))
            #expect(try balancer.kernelRules() == rules)
            #expect(try balancer.lab.connect(to: Self.vip, "--count 60 --rate 600").isFlawless)
            try balancer.lab.killServers(of: "b1")
            try balancer.awaitHealth("down", of: "b1")
            #expect(try balancer.lab.connect(to: Self.vip, "--count 60 --rate 600").isFlawless)

            try balancer.write("farm", FarmFile(backends: .init(2...3)).text)
            try balancer.awaitAllUp()
            #expect(try balancer.status().configFaults.isEmpty)
        }

        @Test func badFileAtTheVeryFirstStartServesNothingAndSaysSo() throws {
            let balancer = try Balancer(notStartedWith: ["farm": "farm: web\nlisten: ["])
            try balancer.start()
            try balancer.awaitAnswer()
            #expect(try balancer.status().configFaults.joined().contains("farm.yaml:"))
            try balancer.write("farm", FarmFile().text)
            try balancer.awaitAllUp()
        }
    }
}
