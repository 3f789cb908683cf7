import FarmModel
import HealthPolicy
import Testing

@Suite struct HealthStateTests {
    /// Results as letters: s success, f failure, l late. What the verdict is after each, as u(p), d(own), ?.
    struct Case: Sendable, CustomTestStringConvertible {
        let name: String
        let lastKnown: Verdict?
        let results: String
        let verdicts: String
        var testDescription: String { name }
    }

    static let cases = [
        Case(name: "the first success is enough without a verdict", lastKnown: nil, results: "s", verdicts: "u"),
        Case(name: "a success after failures is enough while there is no verdict", lastKnown: nil, results: "ffs", verdicts: "??u"),
        Case(name: "without a verdict fall failures take down", lastKnown: nil, results: "fff", verdicts: "??d"),
        Case(name: "fall failures in a row take down", lastKnown: nil, results: "sfff", verdicts: "uuud"),
        Case(name: "a success breaks the row of failures", lastKnown: nil, results: "sffsff", verdicts: "uuuuuu"),
        Case(name: "rise successes in a row bring up", lastKnown: nil, results: "sfffss", verdicts: "uuuddu"),
        Case(name: "a failure breaks the row of successes", lastKnown: nil, results: "sfffsfss", verdicts: "uuuddddu"),
        Case(name: "late results do not count", lastKnown: nil, results: "sllllll", verdicts: "uuuuuuu"),
        Case(name: "late results do not break a row", lastKnown: nil, results: "sflflf", verdicts: "uuuuud"),
        Case(name: "late results bring no verdict", lastKnown: nil, results: "lll", verdicts: "???"),
        Case(name: "a late result is not the first result", lastKnown: .down, results: "ls", verdicts: "du"),
        Case(name: "last known up needs fall failures", lastKnown: .up, results: "fff", verdicts: "uud"),
        Case(name: "last known down needs one success if it is the first result", lastKnown: .down, results: "s", verdicts: "u"),
        Case(name: "last known down needs rise successes after a failure", lastKnown: .down, results: "fss", verdicts: "ddu"),
        Case(name: "last known unknown is no verdict", lastKnown: .unknown, results: "s", verdicts: "u"),
    ]

    @Test(arguments: cases) func verdictFollows(_ example: Case) {
        var state = HealthState(lastKnown: example.lastKnown, at: instant(0))
        var verdicts = ""
        for (number, letter) in example.results.enumerated() {
            let before = state.verdict
            let transition = state.absorb(record(letter, at: number + 1), rise: 2, fall: 3)
            #expect((transition != nil) == (before != state.verdict))
            #expect(transition.map { $0.verdict == state.verdict && $0.previous == before } ?? true)
            verdicts += state.verdict == .up ? "u" : state.verdict == .down ? "d" : "?"
        }
        #expect(verdicts == example.verdicts)
    }

    @Test func transitionCarriesTheDecidingReasonAndTime() {
        var state = HealthState(lastKnown: .up, at: instant(0))
        _ = state.absorb(ProbeRecord(result: .failure("first"), at: instant(1), duration: .zero), rise: 1, fall: 2)
        let transition = state.absorb(ProbeRecord(result: .failure("second"), at: instant(2), duration: .zero), rise: 1, fall: 2)
        #expect(transition == VerdictTransition(previous: .up, verdict: .down, reason: "second", at: instant(2)))
        #expect(state.reason == "second" && state.since == instant(2))
    }

    @Test func paceIsFastOnlyWhileAVerdictIsChanging() {
        var state = HealthState(lastKnown: .up, at: instant(0))
        var paces: [ProbePace] = []
        for letter in "sfsfffsfss" {
            _ = state.absorb(record(letter, at: 1), rise: 2, fall: 3)
            paces.append(state.pace)
        }
        #expect(paces == [.regular, .fast, .regular, .fast, .fast, .down, .fast, .down, .fast, .regular])
    }

    @Test func historyKeepsTheLastResults() {
        var state = HealthState(lastKnown: nil, at: instant(0))
        for number in 1...20 { _ = state.absorb(record("s", at: number), rise: 2, fall: 3) }
        #expect(state.history.records.map(\.at) == (13...20).map(instant))
        #expect(state.counts.successes == 20)
    }

    @Test func targetThatIsNotProbedIsUp() {
        #expect(HealthState(unprobedAt: instant(0)).verdict == .up)
    }

    private func record(_ letter: Character, at second: Int) -> ProbeRecord {
        let result: ProbeResult = letter == "s" ? .success("ok") : letter == "f" ? .failure("refused") : .late("stalled")
        return ProbeRecord(result: result, at: instant(second), duration: .milliseconds(1))
    }
}

func instant(_ second: Int) -> MonotonicInstant { MonotonicInstant(nanoseconds: Int64(second) * 1_000_000_000) }
