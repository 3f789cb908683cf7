import Testing

@testable import HealthProbing

@Suite struct TimerWheelTests {
    private static let tick = TimerWheel.tick

    @Test func timersFireAtTheEndOfTheirTickAndNotBefore() {
        var wheel = TimerWheel(start: 0)
        wheel.set(7, at: 5 * Self.tick + 1)
        #expect(wheel.popDue(at: 6 * Self.tick - 1) == nil)
        #expect(wheel.popDue(at: 6 * Self.tick) == 7)
        #expect(wheel.popDue(at: 7 * Self.tick) == nil)
    }

    @Test func timerBeyondOneTurnWaitsForItsRound() {
        var wheel = TimerWheel(start: 0)
        wheel.set(1, at: 10_000 * Self.tick)
        #expect(wheel.popDue(at: 9_999 * Self.tick) == nil)
        #expect(wheel.popDue(at: 10_000 * Self.tick) == 1)
    }

    @Test func overdueTimerFiresAtOnce() {
        var wheel = TimerWheel(start: 0)
        #expect(wheel.popDue(at: 100 * Self.tick) == nil)
        wheel.set(3, at: 50 * Self.tick)
        #expect(wheel.popDue(at: 101 * Self.tick) == 3)
    }

    /// With a step for each tick this would not end.
    @Test(.timeLimit(.minutes(1))) func longSleepIsNotWalkedThrough() {
        var wheel = TimerWheel(start: 0)
        let now = 6_000_000_000_000 * Self.tick
        wheel.set(1, at: 5 * Self.tick)
        wheel.set(2, at: now)
        wheel.set(3, at: now + 10_000 * Self.tick)
        #expect(Set([wheel.popDue(at: now), wheel.popDue(at: now)]) == [1, 2])
        #expect(wheel.popDue(at: now + 9_999 * Self.tick) == nil)
        #expect(wheel.popDue(at: now + 10_000 * Self.tick) == 3)
    }

    /// Against a plain dictionary, with a seed that is printed when it fails.
    @Test(arguments: [1, 2, 3, 4] as [UInt64]) func wheelAgreesWithAList(seed: UInt64) {
        var random = SplitMix(state: seed)
        var (wheel, model, now) = (TimerWheel(start: 0), [Int: Int64](), Int64(0))
        for _ in 0..<20_000 {
            let number = Int.random(in: 0..<200, using: &random)
            switch Int.random(in: 0..<4, using: &random) {
            case 0:
                wheel.cancel(number)
                model[number] = nil
            case 1:
                let longest = Int64(Int.random(in: 0..<100, using: &random) == 0 ? 20_000 : 20)
                now += Int64.random(in: 0...(longest * Self.tick), using: &random)
                drain(&wheel, &model, now)
            default:
                let due = now + Int64.random(in: 0...(9000 * Self.tick), using: &random)
                wheel.set(number, at: due)
                model[number] = (due + Self.tick - 1) / Self.tick
            }
            #expect((wheel.earliest == nil) == model.isEmpty)
            if let earliest = wheel.earliest, let first = model.values.min() { #expect(earliest <= first * Self.tick) }
        }
        now += 10_000 * Self.tick
        drain(&wheel, &model, now)
        #expect(model.isEmpty && wheel.earliest == nil)
    }

    private func drain(_ wheel: inout TimerWheel, _ model: inout [Int: Int64], _ now: Int64) {
        var fired: Set<Int> = []
        while let number = wheel.popDue(at: now) { fired.insert(number) }
        let due = Set(model.filter { $0.value <= now / Self.tick }.keys)
        #expect(fired == due)
        for number in due { model[number] = nil }
    }
}

struct SplitMix: RandomNumberGenerator {
    var state: UInt64
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = (state ^ (state >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
