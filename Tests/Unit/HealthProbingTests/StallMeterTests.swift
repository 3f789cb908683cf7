import Testing

@testable import HealthProbing

@Suite struct StallMeterTests {
    private let millisecond: Int64 = 1_000_000

    @Test func ordinaryWorkAndPunctualSleepAreNoStall() {
        var meter = StallMeter(start: 0)
        meter.worked(until: 5 * millisecond)
        meter.woke(at: 25 * millisecond, planned: 24 * millisecond)
        #expect(meter.total == 0)
    }

    @Test func oversleepingIsAStall() {
        var meter = StallMeter(start: 0)
        meter.worked(until: millisecond)
        meter.woke(at: 10_000 * millisecond, planned: 20 * millisecond)
        #expect(meter.total == 9_980 * millisecond)
    }

    @Test func workThatTakesTooLongIsAStall() {
        var meter = StallMeter(start: 0)
        meter.worked(until: 500 * millisecond)
        #expect(meter.total == 500 * millisecond)
    }

    @Test func sleepWithoutEndIsNoStall() {
        var meter = StallMeter(start: 0)
        meter.worked(until: 0)
        meter.woke(at: 60_000 * millisecond, planned: nil)
        #expect(meter.total == 0)
    }

    @Test func silenceIsHiddenByAShareOfTheTimeout() {
        var meter = StallMeter(start: 0)
        meter.worked(until: 50 * millisecond)
        #expect(meter.hidesSilence(since: 0, timeout: 100 * millisecond))
        #expect(!meter.hidesSilence(since: 0, timeout: 1000 * millisecond))
        #expect(!meter.hidesSilence(since: meter.total, timeout: 100 * millisecond))
    }
}
