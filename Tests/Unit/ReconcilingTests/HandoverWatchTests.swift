import HealthPolicy
import ReconcilePolicy
import Testing

@testable import Reconciling

@Suite struct HandoverWatchTests {
    private func at(_ seconds: Int64) -> MonotonicInstant { MonotonicInstant(nanoseconds: seconds * 1_000_000_000) }

    @Test func oneCheckIsPlannedAndASoonerOneBeside() {
        var watch = HandoverWatch()
        let planned = [at(15), at(16), at(5), at(5), at(10)].map { watch.plan($0) }
        #expect(planned == [true, false, true, false, false])
    }

    /// Else every check that was overtaken would go on beside the others for ever.
    @Test func aCheckThatWasOvertakenPlansNoOther() {
        var watch = HandoverWatch()
        _ = (watch.plan(at(15)), watch.plan(at(5)))
        watch.pass(at(5))
        let next = watch.plan(at(20))
        watch.pass(at(15))
        let another = watch.plan(at(30))
        #expect(next && !another)
    }

    @Test func theFirstLookCountsAsUse() {
        var watch = HandoverWatch()
        #expect(watch.use(of: ["handover4"]) == nil)
        watch.look(["handover4": 7], [], at: at(1))
        watch.look(["handover4": 7], [.ipv4], at: at(4))
        #expect(watch.use(of: ["handover4"]) == PathUse(lastUse: at(1), lastLook: at(4), forgotten: [.ipv4]))
    }

    @Test func packetsAndCountersThatBeginAnewAreUse() {
        var watch = HandoverWatch()
        for (time, packets) in [(1, 7), (2, 9), (3, 9), (4, 0), (5, 0)] as [(Int64, UInt64)] {
            watch.look(["handover4": packets, "handover6": 0], [], at: at(time))
        }
        #expect(watch.use(of: ["handover4"])?.lastUse == at(4))
        #expect(watch.use(of: ["handover6"])?.lastUse == at(1))
        #expect(watch.use(of: ["handover4", "handover6"])?.lastUse == at(4))
        #expect(watch.use(of: ["handover4", "other"]) == nil && watch.use(of: []) == nil)
    }

    @Test func theRhythmFollowsTheQuietTimeWithinBounds() {
        for (quiet, rhythm) in [
            (Duration.milliseconds(1), Duration.milliseconds(50)), (.seconds(8), .seconds(2)), (.seconds(600), .seconds(15)),
        ] {
            #expect(HandoverWatch.rhythm(HandoverSettings(quiet: quiet)) == rhythm)
        }
    }
}
