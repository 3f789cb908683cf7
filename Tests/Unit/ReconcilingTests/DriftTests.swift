import Ruleset
import Seams
import Testing

@testable import Reconciling

@Suite struct DriftTests {
    private static let nft = KernelEvent.Author(processID: 4711, name: "nft")
    private static let us = KernelEvent.Author(processID: 1, name: "zvnftd")

    /// All news up to here have been handled.
    private func handled(_ scene: Scene, _ events: KernelEvent...) async throws {
        let notes = try await scene.reconciler.events(farm: nil)
        scene.inbox.post(events + [.linkGone(index: 99)])
        _ = try #require(await first(.link, of: notes))
    }

    @Test func whatOthersRemoveIsPutBackAndTheirNameSaid() async throws {
        let scene = try Scene(FarmTexts.farm(), isOwned: false)
        try await scene.run { reconciler in
            try await scene.settled()
            let events = try await reconciler.events(farm: nil)
            let generation = try scene.kernel.commitForeign(Batch([.deleteTable(.inet)]))
            #expect(scene.kernel.reached("203.0.113.10:80") == ["pass"])
            scene.post(.generation(generation, author: Self.nft))
            let event = try #require(await first(.drift, of: events))
            #expect(event.message.contains("nft[4711]"))
            try await until("it is mended") { scene.kernel.reached("203.0.113.10:80").count == 3 }
            let status = await reconciler.status()
            #expect(!status.drift && status.lastChange?.author == "repair" && status.lastChange?.summary.contains("nft[4711]") == true)
            #expect(await reconciler.counters.repairs == 1)
        }
    }

    @Test func whatOthersDoElsewhereIsNoDrift() async throws {
        let scene = try Scene(FarmTexts.farm(), isOwned: false)
        try await scene.run { reconciler in
            try await scene.settled()
            let before = scene.kernel.batches.count
            try await handled(scene, .generation(try scene.kernel.commitForeign(Batch([.addTable(.inet)])), author: Self.nft))
            #expect(scene.kernel.batches.count == before)
            #expect(await reconciler.counters.repairs == 0)
            // The number is known: the next commit is not stale.
            let attempts = scene.kernel.attempts
            scene.prober.report(.down, of: "10.0.0.1:8080")
            try await until("the verdict is in the kernel") { scene.kernel.reached("203.0.113.10:80").count == 2 }
            #expect(scene.kernel.attempts == attempts + 1)
        }
    }

    @Test func ourOwnGenerationIsIgnored() async throws {
        let scene = try Scene(FarmTexts.farm(), isOwned: false)
        try await scene.run { reconciler in
            try await scene.settled()
            let dumps = scene.kernel.dumps
            try await handled(scene, .generation(await reconciler.generation, author: Self.us))
            #expect(scene.kernel.dumps == dumps)
        }
    }

    /// The notice of one commit of ours may come when we have made the next.
    @Test func ourOwnGenerationsOfBeforeAreIgnored() async throws {
        let scene = try Scene(FarmTexts.farm(), isOwned: false)
        try await scene.run { reconciler in
            try await scene.settled()
            let earlier = await reconciler.generation
            scene.prober.report(.down, of: "10.0.0.1:8080")
            try await until("a commit later") { await reconciler.generation == earlier + 1 }
            let dumps = scene.kernel.dumps
            try await handled(scene, .generation(earlier, author: Self.us))
            #expect(scene.kernel.dumps == dumps)
        }
    }

    @Test func whereTablesAreOwnedAForeignGenerationIsOnlyNoted() async throws {
        let scene = try Scene(FarmTexts.farm(), isOwned: true)
        try await scene.run { reconciler in
            try await scene.settled()
            let (dumps, attempts) = (scene.kernel.dumps, scene.kernel.attempts)
            let generation = try scene.kernel.commitForeign(Batch([.addTable(.inet)]))
            try await handled(scene, .generation(generation, author: Self.nft))
            #expect(await reconciler.generation == generation)
            #expect(scene.kernel.dumps == dumps)
            scene.prober.report(.down, of: "10.0.0.1:8080")
            try await until("the verdict is in the kernel") { scene.kernel.reached("203.0.113.10:80").count == 2 }
            #expect(scene.kernel.attempts == attempts + 1)
        }
    }

    @Test func lostNoticesLeadToALookAndARepair() async throws {
        let scene = try Scene(FarmTexts.farm(), isOwned: false)
        try await scene.run { reconciler in
            try await scene.settled()
            try scene.kernel.commitForeign(Batch([.deleteTable(.inet)]))
            scene.post(.overrun(.tables))
            try await until("it is mended") { scene.kernel.reached("203.0.113.10:80").count == 3 }
            #expect(await reconciler.counters.repairs == 1)
        }
    }

    @Test func aRepairThatFailsIsTriedAgain() async throws {
        let scene = try Scene(FarmTexts.farm(), isOwned: false)
        try await scene.run { reconciler in
            try await scene.settled()
            let generation = try scene.kernel.commitForeign(Batch([.deleteTable(.inet)]))
            scene.kernel.change { $0.refusals = [.noRoom] }
            scene.post(.generation(generation, author: Self.nft))
            try await until("it has failed") { await reconciler.counters.commitFailures == 1 }
            #expect(await reconciler.status().drift)
            try await until("it is mended") { await !reconciler.status().drift }
            #expect(scene.kernel.reached("203.0.113.10:80").count == 3)
        }
    }

    @Test func aBulkLoadIsNotListenedToAndLookedAtAfterwards() async throws {
        let scene = try Scene(FarmTexts.farm(also: "tableSize: 4093"), isOwned: false)
        try await scene.run { _ in
            try await scene.settled()
            #expect(scene.notices.history.first == true)
            #expect(scene.notices.history.dropFirst().contains(false))
            #expect(scene.notices.history.last == true)
        }
    }

    @Test func noticesComeBackAfterABulkLoadThatFailed() async throws {
        let scene = try Scene(FarmTexts.farm(), isOwned: false)
        try await scene.run { reconciler in
            try await scene.settled()
            let before = scene.notices.history.count
            scene.kernel.change { $0.refusals = [.noRoom] }
            scene.texts.replace(FarmTexts.farm(also: "tableSize: 4093"))
            _ = await reconciler.apply(author: "files")
            #expect(scene.notices.history.count >= before + 2 && scene.notices.history.last == true)
        }
    }
}
