import Testing

@testable import Reconciling

@Suite struct ChangeLogTests {
    @Test func theOldestGiveWayAndNumbersGoOn() {
        var log = ChangeLog()
        #expect(log.last == nil)
        for number in 1...150 { log.record(author: "probe", ok: number % 2 == 0, "\(number)") }
        #expect(log.changes.count == 100)
        #expect(log.changes.first?.id == 51 && log.last?.id == 150 && log.last?.summary == "150" && log.last?.ok == true)
    }
}

@Suite struct TimestampTests {
    @Test func textIsRFC3339() throws {
        #expect(Timestamp.text(seconds: 0, milliseconds: 7) == "1970-01-01T00:00:00.007Z")
        #expect(Timestamp.text(seconds: 1_709_164_800, milliseconds: 999) == "2024-02-29T00:00:00.999Z")
        #expect(try /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/.wholeMatch(in: Timestamp.now) != nil)
    }

    @Test func anInstantReadsTheSameEachTime() {
        let instant = Timestamp.monotonic
        let texts = Set((0..<1_000).map { _ in Timestamp.text(instant) })
        #expect(texts.count == 1)
    }
}
