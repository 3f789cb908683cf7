import HealthPolicy
import Testing

@Suite struct DurationHistogramTests {
    @Test func aBoundHoldsWhatIsAsLongAsItself() {
        var histogram = DurationHistogram()
        for duration: Duration in [.zero, .microseconds(250), .microseconds(251), .milliseconds(2), .milliseconds(100), .seconds(9)] {
            histogram.add(duration)
        }
        #expect(histogram.cumulative.map(\.count) == [2, 3, 3, 4, 4, 4, 4, 4, 5, 5, 5, 5, 5, 6])
        #expect(histogram.cumulative.last?.bound == nil)
        #expect(histogram.count == 6)
        #expect(histogram.sum == .microseconds(250 + 251 + 2_000 + 100_000 + 9_000_000))
    }

    @Test func anEmptyOneIsAllZero() {
        #expect(DurationHistogram().cumulative.allSatisfy { $0.count == 0 })
        #expect(DurationHistogram().sum == .zero)
    }
}
