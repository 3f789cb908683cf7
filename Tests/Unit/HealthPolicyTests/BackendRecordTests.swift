import FarmModel
import HealthPolicy
import Testing

@Suite struct BackendRecordTests {
    private static let dampened = VerdictPolicy(
        dampening: Dampening(hold: .seconds(10), limit: .seconds(35), calm: .seconds(60)))

    @Test func aBackendWithoutAPastHasItsWholeWeight() {
        var record = BackendRecord()
        record.turn(.up, at: instant(1), by: VerdictPolicy(slowStart: .seconds(10)))
        #expect(record == BackendRecord())
        #expect(record.ramp(at: instant(1), by: VerdictPolicy(slowStart: .seconds(10))) == 100)
    }

    @Test func aReturnAfterDownGrowsInTenSteps() {
        let policy = VerdictPolicy(slowStart: .seconds(10))
        var record = BackendRecord()
        record.turn(.down, at: instant(50), by: policy)
        record.turn(.up, at: instant(100), by: policy)
        #expect((100...111).map { record.ramp(at: instant($0), by: policy) } == [10, 19, 28, 37, 46, 55, 64, 73, 82, 91, 100, 100])
    }

    @Test func eachStepIsAnnouncedAndTheLastOneIsTheEnd() {
        let policy = VerdictPolicy(slowStart: .seconds(10))
        var record = BackendRecord()
        record.turn(.down, at: instant(50), by: policy)
        record.turn(.up, at: MonotonicInstant(nanoseconds: 100_300_000_000), by: policy)
        var (now, steps) = (MonotonicInstant(nanoseconds: 100_300_000_000), 0)
        while let next = record.nextChange(after: now, by: policy) {
            #expect(next > now && record.ramp(at: next, by: policy) > record.ramp(at: now, by: policy))
            (now, steps) = (next, steps + 1)
        }
        #expect(steps == BackendRecord.steps && record.ramp(at: now, by: policy) == 100)
    }

    /// Returns of many backends at any moments step together.
    @Test func stepsFallTogether() {
        let policy = VerdictPolicy(slowStart: .seconds(10))
        let steps = (0..<50).map { number in
            var record = BackendRecord()
            record.turn(.down, at: instant(1), by: policy)
            let risen = MonotonicInstant(nanoseconds: 100_000_000_000 + Int64(number) * 13_000_000)
            record.turn(.up, at: risen, by: policy)
            return record.nextChange(after: risen, by: policy)
        }
        #expect(Set(steps) == [instant(101)])
    }

    /// Moments of going down and up in turn, and until when each return is held.
    struct Case: Sendable, CustomTestStringConvertible {
        let name: String
        let turns: [Int]
        let held: [Int?]
        var testDescription: String { name }
    }

    static let cases = [
        Case(name: "the first failure is forgiven", turns: [100, 110], held: [nil]),
        Case(name: "a relapse is held", turns: [100, 110, 120, 130], held: [nil, 140]),
        Case(name: "the next one twice as long", turns: [100, 110, 120, 130, 145, 150], held: [nil, 140, 170]),
        Case(name: "up to the limit", turns: [100, 110, 120, 130, 145, 150, 175, 180, 220, 230], held: [nil, 140, 170, 215, 265]),
        Case(name: "a relapse while it is held counts", turns: [100, 110, 120, 130, 132, 135], held: [nil, 140, 155]),
        Case(name: "who lasts begins anew", turns: [100, 110, 120, 130, 200, 210], held: [nil, 140, nil]),
    ]

    @Test(arguments: cases) func flapsAreHeldLongerEachTime(_ example: Case) {
        var record = BackendRecord()
        var held: [Int?] = []
        for (index, second) in example.turns.enumerated() {
            record.turn(index % 2 == 0 ? .down : .up, at: instant(second), by: Self.dampened)
            guard index % 2 == 1 else { continue }
            held.append(record.heldUntil.map { Int($0.nanoseconds / 1_000_000_000) })
            #expect(record.isHeld(at: instant(second)) == (held.last != .some(nil)))
        }
        #expect(held == example.held)
    }

    @Test func aHoldIsFollowedByTheSlowStart() {
        let policy = VerdictPolicy(slowStart: .seconds(10), dampening: Dampening(hold: .seconds(20), limit: .seconds(20)))
        var record = BackendRecord()
        for (verdict, second) in [(Verdict.down, 1), (.up, 5), (.down, 8), (.up, 10)] {
            record.turn(verdict, at: instant(second), by: policy)
        }
        #expect(record.heldUntil == instant(30) && record.nextChange(after: instant(10), by: policy) == instant(30))
        #expect(record.ramp(at: instant(30), by: policy) == 10 && record.ramp(at: instant(41), by: policy) == 100)
    }

    @Test func ejectionsGrowAndAreForgottenAfterALongPeace() {
        let passive = PassiveDetection(ejectTime: .seconds(30))
        var record = BackendRecord()
        var lengths: [Int64] = []
        var now = instant(100)
        for _ in 0..<12 {
            record.eject(at: now, by: passive, policy: VerdictPolicy())
            #expect(record.isEjected(at: now))
            lengths.append((record.ejectedUntil.map { now.duration(to: $0) } ?? .zero).components.seconds)
            now = (record.ejectedUntil ?? now).advanced(by: .seconds(5))
            #expect(!record.isEjected(at: now))
        }
        #expect(lengths == [30, 60, 90, 120, 150, 180, 210, 240, 270, 300, 300, 300])
        now = now.advanced(by: .seconds(301))
        record.eject(at: now, by: passive, policy: VerdictPolicy())
        #expect(record.ejections == 1 && record.ejectedUntil == now.advanced(by: .seconds(30)))
    }
}
