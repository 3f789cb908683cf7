import ControlAPI
import FarmModel
import Seams
import Testing

@testable import Reconciling

@Suite struct OverrideTests {
    private static let rest: Set = ["10.0.0.2:8080", "10.0.0.3:8080"]

    private func set(_ scene: Scene, _ request: OverrideRequest?, _ backend: String = "b1") async throws(Problem) -> BackendView {
        try await scene.reconciler.override(farm: "web", backend: backend, request, by: Scene.caller)
    }

    @Test func anOverrideIsInTheKernelStoredRestoredAndReset() async throws {
        let scene = try Scene(FarmTexts.farm())
        try await scene.run { reconciler in
            try await scene.settled()
            let view = try await set(scene, .init(admin: "drain"))
            #expect(view.admin == "drain" && view.isOverridden && view.share == 0 && view.reason == "drain")
            #expect(scene.kernel.reached("203.0.113.10:80") == Self.rest)
            await reconciler.saveVerdicts()
        }
        let next = try scene.restarted()
        try await next.run { _ in
            #expect(scene.kernel.reached("203.0.113.10:80") == Self.rest)
            let view = try await set(next, nil)
            #expect(view.admin == "ready" && !view.isOverridden && view.share > 0.3)
            #expect(scene.kernel.reached("203.0.113.10:80").count == 3)
            #expect(scene.store.text(.overrides) == "[]")
        }
    }

    @Test func weightAndAdminStateAreMerged() async throws {
        let scene = try Scene(FarmTexts.farm())
        try await scene.run { _ in
            try await scene.settled()
            _ = try await set(scene, .init(weight: 3))
            var view = try await set(scene, .init(admin: "ready"))
            #expect(view.effectiveWeight == 3 && view.weight == 1 && abs(view.share - 0.6) < 0.02)
            view = try await set(scene, .init(weight: 0))
            #expect(view.reason == "weight 0" && view.share == 0)
            #expect(scene.kernel.reached("203.0.113.10:80") == Self.rest)
        }
    }

    @Test func anOverrideOutlivesItsBackendInTheFile() async throws {
        let scene = try Scene(FarmTexts.farm())
        try await scene.run { reconciler in
            try await scene.settled()
            _ = try await set(scene, .init(admin: "drain"), "b3")
            scene.texts.replace(FarmTexts.farm(backends: 2))
            _ = await reconciler.apply(author: "files")
            scene.texts.replace(FarmTexts.farm())
            _ = await reconciler.apply(author: "files")
            try await scene.settled()
            #expect(scene.kernel.reached("203.0.113.10:80") == ["10.0.0.1:8080", "10.0.0.2:8080"])
        }
    }

    @Test func whatIsNotThereIsNotFoundAndNonsenseIsRefused() async throws {
        let scene = try Scene(FarmTexts.farm())
        try await scene.run { reconciler in
            try await scene.settled()
            let before = scene.kernel.batches.count
            let noFarm = await #expect(throws: Problem.self) {
                try await reconciler.override(farm: "wbe", backend: "b1", .init(admin: "drain"), by: Scene.caller)
            }
            #expect(noFarm?.status == 404)
            #expect(await #expect(throws: Problem.self) { try await set(scene, .init(admin: "drain"), "b9") }?.status == 404)
            #expect(await #expect(throws: Problem.self) { try await set(scene, .init(admin: "dran")) }?.status == 400)
            #expect(await #expect(throws: Problem.self) { try await set(scene, .init(weight: 1001)) }?.status == 400)
            #expect(await #expect(throws: Problem.self) { try await set(scene, .init(weight: -1)) }?.status == 400)
            #expect(scene.kernel.batches.count == before && scene.store.writes(.overrides) == 0)
        }
    }

    @Test func anOverrideIsAnEventAndAChangeWithItsAuthor() async throws {
        let scene = try Scene(FarmTexts.farm())
        try await scene.run { reconciler in
            try await scene.settled()
            let events = try await reconciler.events(farm: "web")
            _ = try await set(scene, .init(admin: "maintenance"))
            let event = try #require(await first(.override, of: events))
            #expect(event.backend == "b1" && event.message == "maintenance (lbctl:test)")
            let change = try #require(await reconciler.status().lastChange)
            #expect(change.author == "lbctl:test" && change.ok && change.summary == "web/b1: maintenance")
        }
    }

    @Test func aFullStoreIsSaidServesOnAndIsForgottenWhenItWorksAgain() async throws {
        let scene = try Scene(FarmTexts.farm())
        try await scene.run { reconciler in
            try await scene.settled()
            scene.store.refuse(writing: Set(StateItem.allCases))
            _ = try await set(scene, .init(admin: "drain"))
            #expect(await reconciler.status().stateFault?.contains("no space left") == true)
            #expect(scene.kernel.reached("203.0.113.10:80") == Self.rest)
            scene.prober.report(.down, of: "10.0.0.2:8080")
            try await until("verdicts are followed all the same") { scene.kernel.reached("203.0.113.10:80") == ["10.0.0.3:8080"] }
            scene.store.refuse()
            _ = try await set(scene, .init(weight: 2))
            // What the heartbeat does every few seconds.
            await reconciler.saveVerdicts()
            try await until("the fault is gone") { await reconciler.status().stateFault == nil }
        }
    }

    @Test func aFaultGoesOnlyWhenWhatWasNotWrittenIs() async throws {
        let scene = try Scene(FarmTexts.farm())
        try await scene.run { reconciler in
            try await scene.settled()
            scene.store.refuse(writing: [.overrides])
            _ = try await set(scene, .init(admin: "drain"))
            scene.store.refuse()
            await reconciler.saveVerdicts()
            let isSaid = await reconciler.status().stateFault != nil
            let isKept = scene.store.text(.overrides)?.contains("drain") == true
            #expect(isSaid || isKept, "an override that is not on disk is said to be so")
        }
    }

    @Test func whatTheKernelTakesLateIsStoredToo() async throws {
        let scene = try Scene(FarmTexts.farm())
        try await scene.run { reconciler in
            try await scene.settled()
            scene.kernel.change { $0.refusals = [.noRoom] }
            let problem = await #expect(throws: Problem.self) { try await set(scene, .init(admin: "drain")) }
            #expect(problem?.status == 503)
            try await until("the kernel is as desired again") {
                if await reconciler.isDrifted { return false }
                return await scene.isCommitted()
            }
            let isDrained = scene.kernel.reached("203.0.113.10:80") == Self.rest
            try await until("store and kernel say the same") {
                (scene.store.text(.overrides)?.contains("drain") == true) == isDrained
            }
        }
    }
}
