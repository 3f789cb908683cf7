import FarmModel
import Testing

@testable import HealthPolicy

@Suite struct ProbeScheduleTests {
    private let check = HealthCheck(interval: .seconds(2), fastInterval: .milliseconds(100), downInterval: .seconds(5))

    private func milliseconds(_ number: Int) -> MonotonicInstant { MonotonicInstant(nanoseconds: Int64(number) * 1_000_000) }
    private func schedule(phase: Double = 0.25) -> ProbeSchedule { ProbeSchedule(check: check, origin: milliseconds(0), phase: phase) }

    @Test(arguments: [
        // pace, last planned start, now, late, next: milliseconds; slots are at 500 + n × 2000, for down at 1250 + n × 5000
        (ProbePace.regular, 500, 510, false, 2500),
        (.regular, 500, 1600, false, 2500),
        (.regular, 2600, 2610, false, 4500),
        (.regular, 500, 2600, false, 2500),
        (.regular, 500, 2601, false, 4500),
        (.regular, 500, 12_000, true, 12_500),
        (.fast, 500, 510, false, 600),
        (.fast, 500, 800, false, 800),
        (.fast, 500, 12_000, true, 12_025),
        (.down, 2500, 2510, false, 6250),
        (.down, 6250, 6300, false, 11_250),
    ])
    func nextStart(_ pace: ProbePace, _ last: Int, _ now: Int, _ late: Bool, _ next: Int) {
        let start = schedule().nextStart(after: milliseconds(last), pace: pace, now: milliseconds(now), lastWasLate: late)
        #expect(start == milliseconds(next))
    }

    @Test func startsDoNotDriftHoweverLongProbesTake() {
        var planned = milliseconds(500)
        for round in 1...1000 {
            let now = planned.advanced(by: .milliseconds(Int.random(in: 1...1000)))
            planned = schedule().nextStart(after: planned, pace: .regular, now: now, lastWasLate: false)
            #expect(planned == milliseconds(500 + round * 2000))
        }
    }

    @Test func targetsKeepApartAfterAStall() {
        let starts = (0..<100).map { number in
            schedule(phase: Double(number) / 100).resumedStart(after: milliseconds(100_000), pace: .regular)
        }
        #expect(Set(starts).count == 100)
        #expect(starts.allSatisfy { $0 > milliseconds(100_000) && $0 <= milliseconds(102_000) })
    }

    @Test func fewTargetsJoinAtOnceAndManyWithinASecond() {
        let now = milliseconds(10_000)
        for count in [1, 3, 50, 1000, 10_000] {
            let starts = (0..<count).map { schedule(phase: ProbePhases.phase(of: $0)).firstStart(from: now, among: count) }
            #expect(starts.allSatisfy { $0 >= now && $0 <= now.advanced(by: .milliseconds(min(1000, 2 * count))) })
        }
    }

    @Test func shortIntervalsJoinOnTheirSlots() {
        let check = HealthCheck(interval: .milliseconds(100))
        let first = ProbeSchedule(check: check, origin: milliseconds(0), phase: 0.5).firstStart(from: milliseconds(60), among: 1000)
        #expect(first == milliseconds(150))
    }

    @Test func batchesAreAtMostAFiftiethOfTheIntervalLate() {
        #expect(schedule().batchedStart(milliseconds(501), pace: .regular) == milliseconds(510))
        #expect(schedule().batchedStart(milliseconds(501), pace: .fast) == milliseconds(502))
    }
}

@Suite struct ProbePhasesTests {
    @Test(arguments: [3, 10, 100, 1000, 10_000]) func anyNumberOfPhasesIsEven(_ count: Int) {
        let phases = (0..<count).map(ProbePhases.phase).sorted()
        let gaps = zip(phases, phases.dropFirst() + [1 + (phases.first ?? 0)]).map { $1 - $0 }
        let widest = gaps.max() ?? 0
        #expect(widest * Double(count) < 2.7)
        #expect(phases.allSatisfy { (0..<1).contains($0) })
    }

    @Test func othersKeepTheirPhaseAndFreedOnesAreUsedAgain() {
        var phases = ProbePhases()
        let taken = (0..<5).map { _ in phases.take() }
        phases.giveBack(taken[2].number)
        let again = phases.take()
        #expect(again == taken[2])
        #expect(phases.take().number == 5)
    }
}
