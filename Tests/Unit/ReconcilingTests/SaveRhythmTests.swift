import Testing

@testable import Reconciling

@Suite struct SaveRhythmTests {
    private let start = ContinuousClock.now

    @Test func theFirstChangeIsSavedAtOnce() {
        var rhythm = SaveRhythm()
        #expect(rhythm.delay(at: start) == .zero)
    }

    @Test func changesBeforeTheSaveBeginsGoWithIt() {
        var rhythm = SaveRhythm()
        _ = rhythm.delay(at: start)
        #expect(rhythm.delay(at: start + .seconds(1)) == nil)
    }

    @Test func aChangeDuringTheSaveIsNotLost() {
        var rhythm = SaveRhythm()
        _ = rhythm.delay(at: start)
        rhythm.begins()
        #expect(rhythm.delay(at: start) != nil)
    }

    @Test func savingTakesAtMostAFifthOfTheTime() {
        var rhythm = SaveRhythm()
        var (now, busy) = (start, Duration.zero)
        while now < start + .seconds(60) {
            now += rhythm.delay(at: now) ?? .zero
            rhythm.begins()
            rhythm.ended(from: now, to: now + .milliseconds(50))
            (now, busy) = (now + .milliseconds(50), busy + .milliseconds(50))
        }
        #expect(busy <= .seconds(12.3))
    }

    @Test func whenItHasBeenQuietAChangeIsSavedAtOnceAgain() {
        var rhythm = SaveRhythm()
        _ = rhythm.delay(at: start)
        rhythm.begins()
        rhythm.ended(from: start, to: start + .milliseconds(50))
        #expect(rhythm.delay(at: start + .milliseconds(100)) == .milliseconds(150))
        rhythm.begins()
        #expect(rhythm.delay(at: start + .seconds(1)) == .zero)
    }
}
