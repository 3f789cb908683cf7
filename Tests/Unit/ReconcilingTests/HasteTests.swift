import HealthPolicy
import ReconcilePolicy
import Ruleset
import Testing

@testable import Reconciling

/// Backends that fail by the hundred leave at once; their slots are dealt when it is calm again.
@Suite(.timeLimit(.minutes(1))) struct HasteTests {
    private static let listener = "203.0.113.10:80"
    private static let endpoints = (1...90).map { "10.0.0.\($0):8080" }

    private static func slotsTaken(_ ruleset: Ruleset) -> Int {
        ruleset[.inet]?.sets.filter { $0.name.hasPrefix("plain-") }.reduce(0) { $0 + $1.count } ?? 0
    }

    /// By those that are left, and nobody else.
    private func isServed(_ scene: Scene) -> Bool { scene.kernel.reached(Self.listener).isSubset(of: Self.endpoints[70...]) }

    @Test func theyLeaveAtOnceAndSlotsAreDealtLater() async throws {
        let scene = try Scene([FarmTexts.farm(backends: 90, also: FarmTexts.noPanic)])
        try await scene.run { reconciler in
            try await scene.settled()
            try await until("first answers are dealt") { await reconciler.desired.makeshift.isEmpty }
            scene.prober.report(.down, of: Self.endpoints[0..<70])
            try await until("they are out of the kernel") { isServed(scene) }
            scene.prober.report(.up, of: Self.endpoints[0..<1])
            try await until("slots are dealt") { await reconciler.desired.makeshift.isEmpty }
            try await until("the kernel has them") { await scene.isCommitted() }
            var fresh = DesiredState()
            fresh.set(farms: Array(await reconciler.desired.farms.values))
            fresh.set(verdicts: await reconciler.desired.verdicts, areOld: true)
            #expect(scene.kernel.ruleset.batch(to: fresh.ruleset).isEmpty)
            #expect(await reconciler.counters.commitFailures == 0)
            #expect(scene.kernel.everHeld { Self.slotsTaken($0) < 1_021 && Self.slotsTaken($0) > 0 }, "slots were left vacant first")
            #expect(Self.slotsTaken(scene.kernel.ruleset) == 1_021)
        }
    }

    /// Nothing is dealt into a kernel that refuses; the retry brings what is there first.
    @Test func aRefusalPutsDealingOff() async throws {
        let scene = try Scene([FarmTexts.farm(backends: 90, also: FarmTexts.noPanic)])
        try await scene.run { reconciler in
            try await scene.settled()
            try await until("first answers are dealt") { await reconciler.desired.makeshift.isEmpty }
            scene.kernel.change { $0.refusals = [.noRoom, .noRoom, .noRoom] }
            scene.prober.report(.down, of: Self.endpoints[0..<70])
            var isDealtInto = false
            try await until("all is dealt and in the kernel") {
                let isDealt = await reconciler.desired.makeshift.isEmpty
                let isDrifted = await reconciler.isDrifted
                isDealtInto = isDealtInto || isDealt && isDrifted
                let isCommitted = await scene.isCommitted()
                return isDealt && isCommitted && isServed(scene)
            }
            #expect(!isDealtInto)
            #expect(await reconciler.counters.commitFailures == 3)
        }
    }

    private func at(_ milliseconds: Int64) -> MonotonicInstant { MonotonicInstant(nanoseconds: milliseconds * 1_000_000) }

    @Test func calmIsWaitedForButNotForEver() {
        var watch = HasteWatch()
        #expect(watch.rest(at: at(0)) == .zero)
        #expect(watch.note(at: at(0)) && !watch.note(at: at(100)), "one look is planned, not two")
        #expect(watch.rest(at: at(105)) == .milliseconds(15))
        #expect(watch.delay(at: at(250)) == .milliseconds(100))
        #expect(watch.delay(at: at(350)) == nil)
        for time in stride(from: Int64(100), to: 6_000, by: 100) { _ = watch.note(at: at(time)) }
        #expect(watch.delay(at: at(5_950)) == nil, "it has been restless for long enough")
        watch.end()
        watch.beginLook()
        #expect(watch.note(at: at(9_000)) && watch.delay(at: at(9_000)) == HasteWatch.calm)
    }
}
