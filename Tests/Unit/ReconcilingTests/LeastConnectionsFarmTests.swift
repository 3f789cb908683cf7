import ControlAPI
import NetTypes
import Seams
import Testing

@testable import Reconciling

@Suite struct LeastConnectionsFarmTests {
    private static let lines = "scheduler: least-connections"

    /// Connections to 10.0.0.1 …, in this order.
    private static func open(_ counts: Int..., listener: String = "203.0.113.10:80") throws -> [ConnectionTarget: Int] {
        var result: [ConnectionTarget: Int] = [:]
        for (index, count) in counts.enumerated() {
            let target = ConnectionTarget(
                listener: try #require(Endpoint(listener)), endpoint: try #require(Endpoint("10.0.0.\(index + 1):8080")), transport: .tcp)
            result[target] = count
        }
        return result
    }

    private func backends(_ reconciler: Reconciler) async throws -> [BackendView] {
        try await reconciler.backends(farm: "web", countingConnections: false).backends
    }

    @Test func slotsFollowOpenConnectionsWithoutFloodingTheLog() async throws {
        let scene = try Scene(FarmTexts.farm(also: Self.lines))
        try await scene.run { reconciler in
            try await scene.settled()
            let events = try await reconciler.events(farm: nil)
            let changes = await reconciler.changes.changes.count
            scene.ledger.hold(try Self.open(600, 20, 20), opening: 30)
            try await until("b1 gets little") { try await backends(reconciler)[0].share < 0.02 }
            try await until("the kernel has it") { await scene.isCommitted() }
            let views = try await backends(reconciler)
            #expect(views[0].effectiveWeight <= 1 && views[1].effectiveWeight >= 1)
            #expect(abs(views[1].share - views[2].share) < 0.1)
            #expect(await reconciler.changes.changes.count == changes, "routine is no news")
            scene.prober.report(.down, of: "10.0.0.3:8080")
            let change = await first(.change, of: events)
            #expect(change?.message.contains("least-connections") == false && change?.message.contains("10.0.0.3") == true)
            #expect(await reconciler.metrics().contains("zvnft_slots_levelled_total"))
            #expect(await reconciler.counters.slotsLevelled > 20)
        }
    }

    @Test func onlyFarmsThatWantItAreCounted() async throws {
        let (plain, following) = (FarmTexts.farm(), FarmTexts.farm("other", at: "203.0.113.11:80", also: Self.lines))
        let scene = try Scene(plain)
        try await scene.run { reconciler in
            #expect(scene.ledger.followed.isEmpty)
            #expect(await reconciler.following.isLookPlanned == false)
            scene.texts.replace(plain, following)
            _ = await reconciler.apply(author: "files")
            #expect(scene.ledger.followed.map(\.description) == ["203.0.113.11"])
            try await until("connections are read") { scene.ledger.readings > 0 }
            scene.texts.replace(plain)
            _ = await reconciler.apply(author: "files", force: true)
            #expect(scene.ledger.followed.isEmpty)
            try await until("nobody looks any more") { await reconciler.following.isLookPlanned == false }
        }
    }

    @Test func connectionsOfAnotherFarmOfTheSameServersDoNotCount() async throws {
        let other = FarmTexts.farm("other", at: "203.0.113.11:80", also: Self.lines)
        let scene = try Scene(FarmTexts.farm(also: Self.lines), other)
        try await scene.run { reconciler in
            try await scene.settled()
            let mine = try Self.open(50, 50, 50)
            let theirs = try Self.open(900, 20, 20, listener: "203.0.113.11:80")
            scene.ledger.hold(mine.merging(theirs) { $1 }, opening: 30)
            try await until("the other farm's b1 gets little") {
                try await reconciler.backends(farm: "other", countingConnections: false).backends[0].share < 0.02
            }
            #expect(try await backends(reconciler).allSatisfy { (0.25...0.42).contains($0.share) })
        }
    }

    @Test func whatIsNotKnownChangesNothing() async throws {
        let scene = try Scene(FarmTexts.farm(also: Self.lines))
        try await scene.run { reconciler in
            try await scene.settled()
            scene.ledger.hold(nil)
            let (before, readings) = (scene.kernel.ruleset, scene.ledger.readings)
            try await until("it has been read some times") { scene.ledger.readings > readings + 2 }
            #expect(scene.kernel.ruleset.batch(to: before).isEmpty)
            scene.ledger.fail(DriverError(kind: .notPermitted, message: "cannot read"))
            try await until("the fault is noted") { await reconciler.following.fault != nil }
            #expect(scene.kernel.ruleset.batch(to: before).isEmpty)
            scene.ledger.hold(try Self.open(600, 20, 20), opening: 30)
            try await until("it goes on") { try await backends(reconciler)[0].share < 0.02 }
            #expect(await reconciler.following.fault == nil)
        }
    }

    @Test func aRestartGoesOnFromTheSharesOfTheKernel() async throws {
        let scene = try Scene(FarmTexts.farm(also: Self.lines))
        try await scene.run { reconciler in
            try await scene.settled()
            scene.ledger.hold(try Self.open(6_000, 20, 20), opening: 30)
            try await until("b1 gets nothing") { try await backends(reconciler)[0].share == 0 }
            try await until("the kernel has it") { await scene.isCommitted() }
            await reconciler.saveVerdicts()
        }
        let kernel = scene.kernel.ruleset
        let next = try scene.restarted()
        next.ledger.hold(nil)
        try await next.run { reconciler in
            try await next.settled()
            #expect(try await backends(reconciler)[0].share == 0)
            let (added, removed) = kernel.elementsChanged(to: next.kernel.ruleset)
            #expect(added + removed <= 6, "at most a few slots are dealt otherwise")
        }
    }

    @Test func aRefusalIsToldAndMended() async throws {
        let scene = try Scene(FarmTexts.farm(also: Self.lines))
        try await scene.run { reconciler in
            try await scene.settled()
            scene.kernel.change { $0.refusals = [DriverError(kind: .noRoom, message: "no room")] }
            scene.ledger.hold(try Self.open(600, 20, 20), opening: 30)
            try await until("it was refused") { await reconciler.counters.commitFailures == 1 }
            #expect(await reconciler.changes.last?.author == "least-connections")
            try await until("b1 gets little all the same") {
                let share = try await backends(reconciler)[0].share
                return await scene.isCommitted() && share < 0.02
            }
        }
    }
}
