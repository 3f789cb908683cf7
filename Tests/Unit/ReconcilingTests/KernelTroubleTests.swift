import Ruleset
import Seams
import Testing

@testable import Reconciling

@Suite struct KernelTroubleTests {
    /// Another process's table content; it touches nothing of ours.
    private static func foreign(_ name: String) -> Batch { Batch([.addSet(.netdev, name: name, SetType(key: [.port]))]) }

    /// What another process commits raises the number, whatever it is about.
    private static let somethingElse = Batch([.addTable(.netdev)])

    @Test(arguments: [true, false]) func aStaleGenerationIsTriedAgain(isOwned: Bool) async throws {
        let scene = try Scene(FarmTexts.farm(), isOwned: isOwned)
        try await scene.run { reconciler in
            try await scene.settled()
            let dumps = scene.kernel.dumps
            scene.kernel.change { $0.interruptions = [Self.somethingElse, Self.foreign("a"), Self.foreign("b")] }
            scene.prober.report(.down, of: "10.0.0.1:8080")
            try await until("the verdict is in the kernel") { scene.kernel.reached("203.0.113.10:80").count == 2 }
            #expect(await !reconciler.status().drift)
            #expect(isOwned == (scene.kernel.dumps == dumps), "only where others may change our tables they are read again")
            #expect(await reconciler.counters.commitFailures == 0)
        }
    }

    @Test func aRefusalIsDecidedAgainOnWhatIsThere() async throws {
        let scene = try Scene(FarmTexts.farm(), FarmTexts.farm("other", at: "203.0.113.11:80"))
        try await scene.run { reconciler in
            try await scene.settled()
            let set = try #require(scene.kernel.ruleset[.inet]?.sets.first { $0.name.hasPrefix("plain-") && $0.count > 0 })
            try scene.kernel.commitForeign(Batch([.deleteElements(.inet, set: set.name, set.type, set.elements)]))
            scene.prober.report(.down, of: "10.0.0.1:8080")
            try await until("it is mended and the verdict in it") {
                scene.kernel.reached("203.0.113.10:80") == ["10.0.0.2:8080", "10.0.0.3:8080"]
            }
            #expect(scene.kernel.reached("203.0.113.11:80") == ["10.0.0.2:8080", "10.0.0.3:8080"])
            #expect(await scene.isCommitted())
            #expect(await !reconciler.status().drift)
        }
    }

    @Test func aTableThatIsGoneIsMadeAgain() async throws {
        let scene = try Scene(FarmTexts.farm())
        try await scene.run { _ in
            try await scene.settled()
            try scene.kernel.commitForeign(Batch([.deleteTable(.inet)]))
            scene.prober.report(.down, of: "10.0.0.1:8080")
            try await until("all of it is back") { scene.kernel.reached("203.0.113.10:80") == ["10.0.0.2:8080", "10.0.0.3:8080"] }
        }
    }

    @Test func noRoomIsDriftUntilARetryWorks() async throws {
        let scene = try Scene(FarmTexts.farm())
        try await scene.run { reconciler in
            try await scene.settled()
            let held = scene.kernel.ruleset
            scene.kernel.change { $0.standingRefusal = .noRoom }
            scene.prober.report(.down, of: "10.0.0.1:8080")
            try await until("two retries have failed") { await reconciler.counters.commitFailures >= 3 }
            #expect(await reconciler.status().drift)
            #expect(await reconciler.status().lastChange?.ok == false)
            #expect(await reconciler.status().lastChange?.summary.contains("no room") == true)
            #expect(await reconciler.retryDelay >= .milliseconds(800), "each waits twice as long")
            #expect(scene.kernel.ruleset == held, "what runs goes on running")
            scene.kernel.change { $0.standingRefusal = nil }
            try await until("a retry has worked") { await !reconciler.status().drift }
            #expect(scene.kernel.reached("203.0.113.10:80") == ["10.0.0.2:8080", "10.0.0.3:8080"])
            #expect(await reconciler.retryDelay == Reconciler.firstRetry)
        }
    }

    @Test func allThatCameWhileThereWasNoRoomIsInTheKernelAfterwards() async throws {
        let scene = try Scene(FarmTexts.farm(also: FarmTexts.noPanic))
        try await scene.run { reconciler in
            try await scene.settled()
            scene.kernel.change { $0.standingRefusal = .noRoom }
            scene.prober.report(.down, of: "10.0.0.1:8080")
            try await until("it is known") { await reconciler.status().drift }
            scene.texts.replace(
                FarmTexts.farm(also: FarmTexts.noPanic), FarmTexts.farm("late", at: "203.0.113.11:80", also: FarmTexts.noPanic))
            _ = await reconciler.apply(author: "files")
            scene.prober.report(.down, of: "10.0.0.2:8080")
            try await until("the other is known too") { await reconciler.status().backends.down == 2 }
            scene.kernel.change { $0.standingRefusal = nil }
            try await until("all of it is there") {
                let isDrifted = await reconciler.status().drift
                return !isDrifted && scene.kernel.reached("203.0.113.11:80") == ["10.0.0.3:8080"]
            }
            #expect(scene.kernel.reached("203.0.113.10:80") == ["10.0.0.3:8080"])
            #expect(await scene.isCommitted())
        }
    }

    @Test func verdictsGetThroughWhileThereIsNoRoomForNewFarms() async throws {
        let scene = try Scene(FarmTexts.farm())
        try await scene.run { reconciler in
            try await scene.settled()
            scene.kernel.change { $0.refusals = [.noRoom] }
            scene.texts.replace([FarmTexts.farm()] + FarmTexts.farms(3))
            _ = await reconciler.apply(author: "files")
            scene.prober.report(.down, of: "10.0.0.1:8080")
            try await until("the verdict is in the kernel") {
                scene.kernel.reached("203.0.113.10:80") == ["10.0.0.2:8080", "10.0.0.3:8080"]
            }
            try await until("the farms come later") { scene.kernel.reached("203.0.113.102:80") == ["10.0.0.2:8080", "10.0.0.3:8080"] }
            #expect(await reconciler.status().lastChange?.ok == true)
        }
    }

    @Test func filesThatTheKernelCannotServeAreTriedLessAndLess() async throws {
        let scene = try Scene(FarmTexts.farm())
        try await scene.run { reconciler in
            try await scene.settled()
            scene.kernel.change { $0.standingRefusal = .cannot }
            scene.texts.replace([FarmTexts.farm()] + FarmTexts.farms(3))
            let before = scene.kernel.attempts
            _ = await reconciler.apply(author: "files")
            try await until("three have failed") { await reconciler.reapplyDelay >= .milliseconds(1_600) }
            #expect(scene.kernel.attempts - before <= 6, "one attempt, a look, and another, each time")
            #expect(await reconciler.status().farms.total == 1)
            scene.kernel.change { $0.standingRefusal = nil }
            try await until("the farms come when the kernel can") { await reconciler.status().farms.total == 4 }
            #expect(await reconciler.reapplyDelay == Reconciler.firstReapply)
        }
    }

    @Test func aStartWithoutRoomServesAsSoonAsThereIsSome() async throws {
        let scene = try Scene(FarmTexts.farm())
        scene.kernel.change { $0.refusals = [.noRoom, .noRoom] }
        try await scene.run { reconciler in
            try await scene.settled()
            try await until("it is whole") { await !reconciler.status().drift }
            #expect(scene.kernel.reached("203.0.113.10:80").count == 3)
        }
    }

    @Test func aWishThatIsTakenBackWhileItFailsIsNoDriftAnyMore() async throws {
        let scene = try Scene(FarmTexts.farm())
        try await scene.run { reconciler in
            try await scene.settled()
            scene.kernel.change { $0.standingRefusal = .noRoom }
            scene.prober.report(.down, of: "10.0.0.1:8080")
            try await until("it has failed") { await reconciler.status().drift }
            scene.prober.report(.up, of: "10.0.0.1:8080")
            try await until("nothing is left to do") { await !reconciler.status().drift }
            #expect(await reconciler.retryDelay == Reconciler.firstRetry)
        }
    }

    @Test func aCommitWhoseAnswerWasLostIsNotDriftForEver() async throws {
        let scene = try Scene(FarmTexts.farm())
        try await scene.run { reconciler in
            try await scene.settled()
            scene.kernel.change { $0.lostAnswer = .broken }
            scene.prober.report(.down, of: "10.0.0.1:8080")
            try await until("it has failed") { await reconciler.counters.commitFailures == 1 }
            try await until("a second look finds it done") { await !reconciler.status().drift }
            #expect(scene.kernel.reached("203.0.113.10:80").count == 2)
        }
    }

    @Test func aDumpThatFailedOnceIsNotDriftForEver() async throws {
        let scene = try Scene(FarmTexts.farm(), isOwned: false)
        try await scene.run { reconciler in
            try await scene.settled()
            scene.kernel.change { $0.dumpFaults = [.broken] }
            scene.post(.overrun(.tables))
            try await until("it has failed") { await reconciler.status().drift }
            try await until("a second look finds all well") { await !reconciler.status().drift }
        }
    }

    @Test func aKernelThatIsAlwaysStaleIsNotAskedForEver() async throws {
        let scene = try Scene(FarmTexts.farm())
        try await scene.run { reconciler in
            try await scene.settled()
            let attempts = scene.kernel.attempts
            scene.kernel.change { $0.standingRefusal = DriverError(kind: .staleGeneration, errno: 85, message: "another came between") }
            scene.prober.report(.down, of: "10.0.0.1:8080")
            try await until("it gives up for now") { await reconciler.status().drift }
            #expect(scene.kernel.attempts == attempts + Reconciler.commitAttempts)
            scene.kernel.change { $0.standingRefusal = nil }
            try await until("a retry has worked") { await !reconciler.status().drift }
            #expect(scene.kernel.reached("203.0.113.10:80").count == 2)
        }
    }
}
