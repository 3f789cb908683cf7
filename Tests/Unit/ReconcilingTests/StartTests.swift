import FarmModel
import HealthPolicy
import Ruleset
import Seams
import Testing

@testable import Reconciling

@Suite struct StartTests {
    @Test func aFreshKernelGetsWhatTheFilesSay() async throws {
        let scene = try Scene(FarmTexts.farm())
        try await scene.run { _ in
            try await scene.settled()
            #expect(scene.kernel.reached("203.0.113.10:80") == ["10.0.0.1:8080", "10.0.0.2:8080", "10.0.0.3:8080"])
        }
    }

    @Test func aRestartAdoptsAndSendsNothing() async throws {
        let scene = try Scene(
            FarmTexts.farm(), FarmTexts.farm("dns", at: "203.0.113.11:53/udp", also: "scheduler: round-robin\nhealth: { type: tcp }"))
        try await scene.run { reconciler in
            try await scene.settled()
            await reconciler.saveVerdicts()
        }
        let before = scene.kernel.batches.count
        let next = try scene.restarted(answering: nil)
        try await next.run { reconciler in
            #expect(scene.kernel.batches.count == before)
            #expect(await next.isCommitted())
            #expect(await reconciler.status().backends.up == 6)
        }
    }

    @Test func aRestartSendsOnlyWhatDiffers() async throws {
        let scene = try Scene(FarmTexts.farm(), FarmTexts.farm("other", at: "203.0.113.11:80"))
        try await scene.run { reconciler in
            try await scene.settled()
            await reconciler.saveVerdicts()
        }
        let before = scene.kernel.batches.count
        scene.texts.replace(FarmTexts.farm(), FarmTexts.farm("other", at: "203.0.113.12:80"))
        try await scene.restarted(answering: nil).run { _ in
            #expect(scene.kernel.batches.count == before + 1)
            #expect(scene.kernel.reached("203.0.113.11:80") == ["pass"])
            #expect(scene.kernel.reached("203.0.113.12:80").count == 3)
        }
    }

    @Test func aServingKernelWaitsForFirstAnswersAndIsNeverEmptied() async throws {
        let scene = try Scene(FarmTexts.farm())
        try await scene.run { _ in try await scene.settled() }
        scene.store.put(.verdicts, nil)
        let next = try scene.restarted(answering: nil)
        let before = scene.kernel.batches.count
        async let start: Void = next.reconciler.start()
        try await until("the prober knows its targets") { next.prober.targets.count == 3 }
        next.prober.report(.up, of: "10.0.0.1:8080")
        next.prober.report(.down, of: "10.0.0.2:8080")
        try await until("two answers are taken") { await next.reconciler.desired.verdicts.count == 2 }
        #expect(scene.kernel.batches.count == before)
        next.prober.report(.up, of: "10.0.0.3:8080")
        try await start
        #expect(scene.kernel.batches.count == before + 1)
        #expect(scene.kernel.reached("203.0.113.10:80") == ["10.0.0.1:8080", "10.0.0.3:8080"])
    }

    /// Probes through a farm's rules fail until the rules are there: that would be held against the backends.
    @Test func probesThroughRulesWaitForTheirRules() async throws {
        let vip = FarmTexts.farm("vip", at: "203.0.113.11:80", also: "health: { type: tcp, via: vip }")
        let scene = try Scene(FarmTexts.farm())
        try await scene.run { _ in try await scene.settled() }
        scene.store.put(.verdicts, nil)
        scene.texts.replace(FarmTexts.farm(), vip)
        let next = try scene.restarted(answering: nil)
        async let start: Void = next.reconciler.start()
        try await until("the prober knows its targets") { !next.prober.targets.isEmpty }
        #expect(next.prober.targets.keys.allSatisfy { $0.entrance == nil })
        next.prober.report(.up, of: "10.0.0.1:8080", "10.0.0.2:8080", "10.0.0.3:8080")
        try await start
        #expect(next.prober.targets.keys.count { $0.entrance != nil } == 3)

        // A daemon after it finds the rules.
        next.store.put(.verdicts, nil)
        let last = try next.restarted(answering: nil)
        async let again: Void = last.reconciler.start()
        try await until("the prober knows its targets") { last.prober.targets.count == 6 }
        for target in last.prober.targets.keys { last.prober.report(.up, of: target.endpoint.description) }
        try await again
    }

    @Test func aVerdictThatWasCommittedAndNotWrittenDownIsAskedForAgain() async throws {
        let earlier = try Scene(FarmTexts.farm())
        try await earlier.run { reconciler in
            try await earlier.settled()
            await reconciler.saveVerdicts()
            let allUp = earlier.store.text(.verdicts)
            earlier.prober.report(.down, of: "10.0.0.2:8080")
            try await until("it is down") { await reconciler.status().backends.down == 1 }
            await reconciler.saveVerdicts()
            earlier.store.put(.verdicts, allUp)
        }
        let next = try earlier.restarted(answering: nil)
        let before = earlier.kernel.batches.count
        async let start: Void = next.reconciler.start()
        try await until("the prober knows its targets") { next.prober.targets.count == 3 }
        #expect(await next.reconciler.desired.verdicts.count == 2)
        next.prober.report(.down, of: "10.0.0.2:8080")
        try await start
        #expect(earlier.kernel.batches.count == before)
        #expect(earlier.kernel.reached("203.0.113.10:80") == ["10.0.0.1:8080", "10.0.0.3:8080"])
    }

    @Test(arguments: [(50, Verdict.down), (70, .unknown), (-70, .unknown)])
    func verdictsOfTheLastMinuteAreBelieved(age: Int, expected: Verdict) async throws {
        let earlier = try Scene(FarmTexts.farm(backends: 2))
        try await earlier.run { reconciler in
            try await earlier.settled()
            earlier.prober.report(.down, of: "10.0.0.2:8080")
            try await until("it is down") { await reconciler.status().backends.down == 1 }
            await reconciler.saveVerdicts()
        }
        let text = try #require(earlier.store.text(.verdicts))
        let scene = try Scene(FarmTexts.farm(), answering: nil)
        let lines = text.split(separator: "\n").dropFirst().joined(separator: "\n")
        scene.store.put(.verdicts, "\(Timestamp.seconds - age)\n\(lines)\n")
        try await scene.run { reconciler in
            let health = try await reconciler.backends(farm: "web", countingConnections: false).backends.map(\.health)
            #expect(health == (expected == .unknown ? ["unknown", "unknown", "unknown"] : ["up", "down", "unknown"]))
            #expect(scene.kernel.reached("203.0.113.10:80") == (expected == .unknown ? ["reject"] : ["10.0.0.1:8080"]))
            let told = scene.prober.targets.first { $0.key.endpoint.description == "10.0.0.2:8080" }?.value
            #expect(told == (expected == .unknown ? nil : .down))
        }
    }

    @Test func twoChecksOfOneEndpointAreRememberedApart() async throws {
        func farm(_ name: String, _ listener: String) -> String {
            FarmTexts.farm(name, at: listener, backends: 1, also: "health: { type: http, path: /\(name) }")
        }
        let scene = try Scene(farm("a", "203.0.113.10:80"), farm("b", "203.0.113.11:80"))
        try await scene.run { reconciler in
            try await scene.settled()
            let target = try #require(
                scene.prober.targets.keys.first { target in
                    if case .http(let check) = target.check.kind { check.path == "/a" } else { false }
                })
            scene.inbox.post([(target: target, verdict: .down, reason: "404", at: MonotonicInstant(nanoseconds: 0))])
            try await until("a is down") { scene.kernel.reached("203.0.113.10:80") == ["reject"] }
            await reconciler.saveVerdicts()
        }
        try await scene.restarted(answering: nil).run { _ in
            #expect(scene.kernel.reached("203.0.113.10:80") == ["reject"])
            #expect(scene.kernel.reached("203.0.113.11:80") == ["10.0.0.1:8080"])
        }
    }

    @Test func stateThatIsGarbageIsSaidAndServesNoLess() async throws {
        let scene = try Scene(FarmTexts.farm())
        for item in StateItem.allCases { scene.store.put(item, "{\"at\":") }
        scene.store.refuse(writing: Set(StateItem.allCases))
        try await scene.run { reconciler in
            try await scene.settled()
            #expect(await reconciler.status().stateFault != nil)
        }
    }

    @Test func lostOverridesAreSaidUntilTheirFileIsRemovedAndBlockNothing() async throws {
        let scene = try Scene(FarmTexts.farm())
        scene.store.put(.overrides, "[{\"id\":")
        for _ in 1...2 {
            let next = try scene.restarted()
            try await next.run { reconciler in
                try await next.settled()
                let status = await reconciler.status()
                #expect(status.losses.map { $0.contains("overrides were LOST") && $0.contains("overrides.json.lost") } == [true])
                #expect(status.stateFault == nil && status.lastChange?.ok == true && status.farms.up == 1)
                #expect(scene.store.text(.overrides) == "[]")
            }
        }
        let last = try scene.restarted()
        try await last.run { reconciler in
            scene.store.forgetLosses()
            await reconciler.lookForLosses()
            #expect(await reconciler.status().losses.isEmpty)
        }
    }

    @Test func overridesOfACopyAreInForceAndStoredAnew() async throws {
        let scene = try Scene(FarmTexts.farm())
        scene.store.put(.overrides, #"[{"id":{"farm":"web","backend":"b2"},"value":{"admin":"drain"}}]"#)
        scene.store.damage(.overrides, "overrides.json is torn")
        try await scene.run { reconciler in
            try await scene.settled()
            #expect(scene.kernel.reached("203.0.113.10:80") == ["10.0.0.1:8080", "10.0.0.3:8080"])
            #expect(scene.store.writes(.overrides) == 1)
            #expect(await reconciler.status().losses.isEmpty)
        }
    }

    @Test func aStartThatChangesNothingSaysSo() async throws {
        let scene = try Scene(FarmTexts.farm())
        try await scene.run { reconciler in
            try await scene.settled()
            await reconciler.saveVerdicts()
        }
        try await scene.restarted().run { reconciler in
            let change = try #require(await reconciler.status().lastChange)
            #expect(change.author == "start" && change.ok && change.summary == "took over what the kernel has; nothing to change")
        }
    }

    @Test func tablesOfAnotherProcessAreLeftAlone() async throws {
        let scene = try Scene(FarmTexts.farm())
        scene.kernel.change { $0.claimFault = DriverError(kind: .ownedByOther, errno: 1, message: "another process holds the table") }
        await #expect(throws: DriverError.self) { try await scene.reconciler.start() }
        #expect(scene.kernel.attempts == 0)
    }

    @Test func overridesAreThereBeforeTheFirstCommit() async throws {
        let scene = try Scene(FarmTexts.farm())
        scene.store.put(.overrides, #"[{"id":{"farm":"web","backend":"b2"},"value":{"admin":"drain"}}]"#)
        try await scene.run { _ in
            try await scene.settled()
            #expect(scene.kernel.reached("203.0.113.10:80") == ["10.0.0.1:8080", "10.0.0.3:8080"])
        }
    }

    @Test(arguments: [true, false]) func noticesAreFollowedOnlyWhereTablesAreNotOwned(isOwned: Bool) async throws {
        let scene = try Scene(FarmTexts.farm(), isOwned: isOwned)
        try await scene.run { reconciler in
            #expect(scene.notices.history == [!isOwned])
            #expect(await reconciler.status().ownsTables == isOwned)
        }
    }

    @Test func clearRemovesOurTables() async throws {
        let scene = try Scene(FarmTexts.farm())
        try await scene.run { reconciler in
            try await scene.settled()
            try await reconciler.clear()
            #expect(scene.kernel.ruleset.tables.isEmpty)
        }
    }
}
