import ControlAPI
import FarmModel
import Seams
import Testing

@testable import Reconciling

@Suite struct FilesTests {
    private func apply(_ scene: Scene, dryRun: Bool = false, force: Bool = false) async throws(Problem) -> PlanView {
        try await scene.reconciler.apply(.init(dryRun: dryRun, force: force), by: Scene.caller)
    }

    @Test func whatIsAddedAndRemovedIsInTheKernelAtOnce() async throws {
        let scene = try Scene(FarmTexts.farm(), FarmTexts.farm("old", at: "203.0.113.11:80"))
        try await scene.run { reconciler in
            try await scene.settled()
            scene.texts.replace(FarmTexts.farm(), FarmTexts.farm("new", at: "203.0.113.12:80", backends: 2))
            let plan = try await apply(scene)
            #expect(plan.farms == .init(added: ["new"], changed: [], removed: ["old"]))
            #expect(scene.kernel.reached("203.0.113.11:80") == ["pass"])
            #expect(scene.kernel.reached("203.0.113.12:80") == ["10.0.0.1:8080", "10.0.0.2:8080"])
            #expect(await reconciler.status().lastChange?.author == "lbctl:test")
            let again = try await apply(scene)
            #expect(again.same)
        }
    }

    @Test func aBadFileChangesNothingAndIsShownUntilItIsMended() async throws {
        let scene = try Scene(FarmTexts.farm())
        try await scene.run { reconciler in
            try await scene.settled()
            let (before, held) = (scene.kernel.batches.count, scene.kernel.ruleset)
            scene.texts.replace(FarmTexts.farm(backends: 2), "farm: broken\nlisten: [\"203.0.113.11:80\"]\nsheduler: x\n")
            let problem = await #expect(throws: Problem.self) { try await apply(scene) }
            #expect(problem?.status == 422)
            #expect(problem?.faults?.contains { $0.contains("sheduler") && $0.contains("1.yaml:3:1") } == true)
            #expect(await reconciler.status().configFaults == problem?.faults)
            #expect(scene.kernel.batches.count == before && scene.kernel.ruleset == held)
            #expect(await reconciler.farms().farms.map(\.name) == ["web"])
            scene.texts.replace(FarmTexts.farm(backends: 2))
            _ = try await apply(scene)
            #expect(await reconciler.status().configFaults.isEmpty)
            #expect(scene.kernel.reached("203.0.113.10:80") == ["10.0.0.1:8080", "10.0.0.2:8080"])
        }
    }

    @Test func aFileThatIsMendedToWhatRunsClearsItsFault() async throws {
        let scene = try Scene(FarmTexts.farm())
        try await scene.run { reconciler in
            try await scene.settled()
            scene.texts.replace("farm: [")
            _ = await reconciler.apply(author: "files")
            #expect(await reconciler.status().configFaults.count == 1)
            scene.texts.replace(FarmTexts.farm())
            _ = await reconciler.apply(author: "files")
            #expect(await reconciler.status().configFaults.isEmpty)
        }
    }

    @Test func aFaultIsAnEventOnce() async throws {
        let scene = try Scene(FarmTexts.farm())
        try await scene.run { reconciler in
            let events = try await reconciler.events(farm: nil)
            scene.texts.replace("farm: [")
            for _ in 1...2 { _ = await reconciler.apply(author: "files") }
            scene.texts.replace("farm: {}")
            _ = await reconciler.apply(author: "files")
            var seen: [String] = []
            for await event in events where event.kind == .config {
                seen.append(event.message)
                if event.message.contains("0.yaml:1:7"), seen.count > 1 { break }
            }
            #expect(Set(seen).count == seen.count)
        }
    }

    @Test func theLastGoodFilesServeAtAStartWithBadOnes() async throws {
        let scene = try Scene(FarmTexts.farm())
        try await scene.run { _ in try await scene.settled() }
        scene.texts.replace("farm: [")
        let next = try scene.restarted()
        let before = scene.kernel.batches.count
        try await next.run { reconciler in
            #expect(scene.kernel.reached("203.0.113.10:80").count == 3)
            #expect(scene.kernel.batches.count == before)
            #expect(await reconciler.status().configFaults.count == 1)
            #expect(await reconciler.farms().farms.map(\.name) == ["web"])
            scene.texts.replace(FarmTexts.farm(backends: 2))
            _ = try await apply(next)
            #expect(scene.kernel.reached("203.0.113.10:80").count == 2)
            #expect(await reconciler.status().configFaults.isEmpty)
        }
    }

    @Test func badFilesDoNotReplaceTheLastGoodOnes() async throws {
        let scene = try Scene(FarmTexts.farm())
        try await scene.run { reconciler in
            try await until("they are kept") { scene.store.text(.lastGood) != nil }
            let good = scene.store.text(.lastGood)
            scene.texts.replace("farm: [")
            _ = await reconciler.apply(author: "files")
            #expect(scene.store.text(.lastGood) == good)
        }
        try await scene.restarted().run { _ in #expect(scene.store.text(.lastGood)?.contains("farm: web") == true) }
    }

    @Test func withBadFilesAndNothingRememberedTheKernelKeepsWhatItHas() async throws {
        let scene = try Scene(FarmTexts.farm())
        try await scene.run { _ in try await scene.settled() }
        scene.store.put(.lastGood, nil)
        scene.texts.replace("farm: [")
        try await scene.restarted().run { reconciler in
            #expect(scene.kernel.reached("203.0.113.10:80").count == 3)
            #expect(await reconciler.status().configFaults.count == 1)
        }
    }

    /// What is not known is not drift.
    @Test func withBadFilesAndNothingRememberedARepairEmptiesNothing() async throws {
        let scene = try Scene(FarmTexts.farm(), isOwned: false)
        try await scene.run { _ in try await scene.settled() }
        scene.store.put(.lastGood, nil)
        scene.texts.replace("farm: [")
        let next = try scene.restarted()
        try await next.run { _ in
            let events = try await next.reconciler.events(farm: nil)
            let generation = try scene.kernel.commitForeign(.init([.addSet(.inet, name: "theirs", .init(key: [.port]))]))
            next.post(.generation(generation, author: .init(processID: 7, name: "nft")), .overrun(.tables), .linkGone(index: 3))
            _ = try #require(await first(.link, of: events), "the news are handled")
            #expect(scene.kernel.reached("203.0.113.10:80").count == 3)
        }
    }

    /// As at a start: a kernel that serves is not emptied because first answers are not there yet.
    @Test func filesThatAreMendedAfterABadStartEmptyNothing() async throws {
        let scene = try Scene(FarmTexts.farm())
        try await scene.run { _ in try await scene.settled() }
        scene.store.put(.lastGood, nil)
        scene.store.put(.verdicts, nil)
        scene.texts.replace("farm: [")
        let next = try scene.restarted(answering: nil)
        scene.kernel.forgetHistory()
        try await next.run { reconciler in
            scene.texts.replace(FarmTexts.farm())
            async let applied = reconciler.apply(author: "files")
            try await until("they are probed") { next.prober.targets.count == 3 }
            next.prober.report(.up, of: "10.0.0.1:8080", "10.0.0.2:8080", "10.0.0.3:8080")
            _ = await applied
            try await next.settled()
            #expect(!scene.kernel.everRejected("203.0.113.10:80"))
        }
    }

    @Test func losingMostListenersIsRefusedAndDoneWhenForced() async throws {
        let scene = try Scene(FarmTexts.farms(8))
        try await scene.run { reconciler in
            try await scene.settled()
            let before = scene.kernel.batches.count
            scene.texts.replace(FarmTexts.farms(2))
            let problem = await #expect(throws: Problem.self) { try await apply(scene) }
            #expect(problem?.status == 409)
            #expect(scene.kernel.batches.count == before)
            let held = await reconciler.status()
            #expect(held.heldBack && held.configFaults == [problem?.detail] && problem?.detail.contains("apply --force") == true)
            let planned = try await apply(scene, dryRun: true)
            #expect(planned.needsForce)
            _ = try await apply(scene, force: true)
            let forced = await reconciler.status()
            #expect(forced.farms.total == 2 && forced.configFaults.isEmpty && !forced.heldBack)
            #expect(scene.kernel.reached("203.0.113.107:80") == ["pass"])
        }
    }

    @Test func theLastFarmGoesOnlyWhenForcedAndStaysAway() async throws {
        let scene = try Scene(FarmTexts.farm())
        try await scene.run { reconciler in
            try await scene.settled()
            scene.texts.replace([])
            // As when the file is deleted.
            _ = await reconciler.apply(author: "files")
            #expect(await reconciler.status().configFaults.map { $0.contains("apply --force") } == [true])
            #expect(scene.kernel.reached("203.0.113.10:80").count == 3)
            _ = try await apply(scene, force: true)
            #expect(await reconciler.status().configFaults.isEmpty)
            #expect(scene.kernel.reached("203.0.113.10:80") == ["pass"])
            try await until("it is remembered") { scene.store.text(.lastGood) == "[]" }
        }
        try await scene.restarted().run { reconciler in
            #expect(await reconciler.status().farms.total == 0)
            #expect(await reconciler.status().configFaults.isEmpty)
        }
    }

    @Test func whatIsHeldBackIsToldAsThatAndNotAsAFault() async throws {
        let scene = try Scene(FarmTexts.farms(8))
        try await scene.run { reconciler in
            try await scene.settled()
            let events = try await reconciler.events(farm: nil)
            scene.texts.replace(FarmTexts.farms(2))
            _ = await reconciler.apply(author: "files")
            let told = await first(.config, of: events)
            #expect(told?.message.hasPrefix("farm files are held back by the blast radius: 6 of 8 listeners") == true, "\(told as Any)")
            scene.texts.replace("farm: [")
            _ = await reconciler.apply(author: "files")
            #expect(await !reconciler.status().heldBack, "now they have faults")
        }
    }

    @Test func losingMostListenersIsRefusedAtAStartToo() async throws {
        let scene = try Scene(FarmTexts.farms(8))
        try await scene.run { _ in try await scene.settled() }
        scene.texts.replace([])
        try await scene.restarted().run { reconciler in
            let status = await reconciler.status()
            #expect(status.farms.total == 8 && status.configFaults.count == 1 && status.heldBack)
            #expect(scene.kernel.reached("203.0.113.107:80").count == 3)
        }
        #expect(scene.store.text(.lastGood)?.contains("farm: f7") == true)
    }

    /// The state directory was lost, too: what the kernel serves is all that tells a mistake from a wish.
    @Test(arguments: [nil, "[{"]) func anEmptyDirectoryEmptiesNoKernelWhereNothingIsRemembered(lastGood: String?) async throws {
        let scene = try Scene(FarmTexts.farm())
        try await scene.run { _ in try await scene.settled() }
        scene.store.put(.lastGood, lastGood)
        scene.texts.replace([])
        let next = try scene.restarted()
        try await next.run { reconciler in
            let held = await reconciler.status()
            #expect(held.heldBack && held.configFaults.map { $0.contains("apply --force") } == [true], "\(held.configFaults)")
            #expect(scene.kernel.reached("203.0.113.10:80").count == 3)
            // As when a further file is deleted.
            _ = await reconciler.apply(author: "files")
            #expect(await reconciler.status().heldBack)
            let problem = await #expect(throws: Problem.self) { try await apply(next) }
            #expect(problem?.status == 409 && problem?.detail.contains("apply --force") == true)
            #expect(try await apply(next, dryRun: true).needsForce)
            #expect(scene.kernel.reached("203.0.113.10:80").count == 3)
            _ = try await apply(next, force: true)
            #expect(scene.kernel.reached("203.0.113.10:80") == ["pass"])
            #expect(await !reconciler.status().heldBack)
        }
    }

    @Test func filesThatComeLateServeAfterAStartWithoutAny() async throws {
        let scene = try Scene(FarmTexts.farm())
        try await scene.run { _ in try await scene.settled() }
        scene.store.put(.lastGood, nil)
        scene.texts.replace([])
        let next = try scene.restarted()
        try await next.run { reconciler in
            scene.texts.replace(FarmTexts.farm(backends: 2))
            _ = try await apply(next)
            #expect(await !reconciler.status().heldBack)
            #expect(scene.kernel.reached("203.0.113.10:80") == ["10.0.0.1:8080", "10.0.0.2:8080"])
        }
    }

    @Test func anEmptyDirectoryIsNoMistakeWhereNothingServes() async throws {
        try await Scene([] as [String]).run { reconciler in #expect(await !reconciler.status().heldBack) }
    }

    @Test func aDryRunChangesNothing() async throws {
        let scene = try Scene(FarmTexts.farm())
        try await scene.run { reconciler in
            try await scene.settled()
            try await until("they are kept") { scene.store.text(.lastGood) != nil }
            let (before, kept, targets) = (scene.kernel.batches.count, scene.store.text(.lastGood), scene.prober.targets)
            scene.texts.replace(FarmTexts.farm(backends: 2))
            scene.connections.hold([
                .init(
                    listener: try #require(.init("203.0.113.10:80")), endpoint: try #require(.init("10.0.0.3:8080")), transport: .tcp): 5
            ])
            let plan = try await apply(scene, dryRun: true)
            #expect(!plan.same && plan.farms.changed == ["web"] && plan.slotsMoved > 0.2)
            #expect(plan.elements.added > 0 && plan.connectionsAtRisk == 5)
            #expect(scene.kernel.batches.count == before && scene.store.text(.lastGood) == kept && scene.prober.targets == targets)
            #expect(await reconciler.status().backends.total == 3)
        }
    }

    @Test func appliesAtOnceDoNotMix() async throws {
        let scene = try Scene(FarmTexts.farm(backends: 1))
        try await scene.run { reconciler in
            try await scene.settled()
            await withTaskGroup(of: Void.self) { group in
                for backends in 2...12 {
                    group.addTask {
                        scene.texts.replace(FarmTexts.farm(backends: backends), FarmTexts.farm("x\(backends)", at: "203.0.113.11:80"))
                        _ = await reconciler.apply(author: "task \(backends)")
                    }
                }
            }
            let farms = await reconciler.farms().farms
            let backends = try #require(farms.first { $0.name == "web" }).backends.total
            #expect(farms.map(\.name).sorted() == ["web", "x\(backends)"])
            #expect(scene.texts.whole.contains("farm: x\(backends)\n"), "what was read last is what runs")
            try await until("it is kept") { scene.store.text(.lastGood)?.contains("farm: x\(backends)\\n") == true }
            try await scene.settled()
            #expect(scene.kernel.reached("203.0.113.10:80").count == backends)
        }
    }

    @Test func anApplyThatTheKernelRefusesSaysSoAndSoDoesTheNext() async throws {
        let scene = try Scene(FarmTexts.farm())
        try await scene.run { _ in
            try await scene.settled()
            scene.kernel.change { $0.standingRefusal = .noRoom }
            scene.texts.replace(FarmTexts.farm(backends: 2))
            for _ in 1...2 {
                let problem = await #expect(throws: Problem.self) { try await apply(scene) }
                #expect(problem?.status == 503)
            }
        }
    }

    @Test func whatTheKernelTookLateIsRememberedAsLastGood() async throws {
        let scene = try Scene(FarmTexts.farm())
        try await scene.run { _ in
            try await scene.settled()
            try await until("they are kept") { scene.store.text(.lastGood) != nil }
            scene.kernel.change { $0.refusals = [.noRoom] }
            scene.texts.replace(FarmTexts.farm("late"))
            await #expect(throws: Problem.self) { try await apply(scene) }
            try await scene.settled()
            try await until("they are kept too") { scene.store.text(.lastGood)?.contains("farm: late") == true }
        }
    }

    @Test func anEditOfOneCheckKeepsTheVerdictsOfAll() async throws {
        let scene = try Scene(FarmTexts.farm())
        try await scene.run { _ in
            try await scene.settled()
            scene.prober.report(.down, of: "10.0.0.3:8080")
            try await until("one is down") { scene.kernel.reached("203.0.113.10:80").count == 2 }
            scene.prober.fallSilent()
            let before = scene.kernel.batches.count
            scene.texts.replace(FarmTexts.farm(also: "health: { interval: 700ms }"))
            _ = try await apply(scene)
            #expect(scene.prober.targets.keys.allSatisfy { $0.check.interval == .milliseconds(700) })
            #expect(scene.prober.targets.values.count { $0 == .up } == 2)
            #expect(!scene.kernel.batches.dropFirst(before).contains { $0.elementsAdded > 0 && $0.elementsRemoved > 0 })
        }
    }
}
