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

    @Test func whatIsLostBeforeTheLastWordHidesSilenceSooner() {
        var meter = StallMeter(start: 0)
        meter.worked(until: 50 * millisecond)
        func hides(_ start: Int64, _ lastWord: Int64, _ timeout: Int64) -> Bool {
            meter.hidesSilence(start: start * millisecond, lastWord: lastWord * millisecond, timeout: timeout * millisecond)
        }
        #expect(hides(0, 50, 200) && !hides(0, 50, 500) && !hides(0, 20, 200))
        #expect(hides(0, 0, 90) && !hides(0, 0, 100))
        #expect(!hides(50, 50, 20))
    }
}
