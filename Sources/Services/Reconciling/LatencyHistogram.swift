/// Counts durations by size, for a Prometheus histogram.
struct LatencyHistogram: Sendable {
    /// Upper bounds, seconds.
    private static let bounds = [0.00025, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.025, 0.1]
    private var counts = [Int](repeating: 0, count: bounds.count + 1)
    private(set) var sum: Duration = .zero

    var count: Int { counts.reduce(0, +) }

    mutating func add(_ duration: Duration) {
        let seconds = duration / .seconds(1)
        counts[Self.bounds.firstIndex { seconds <= $0 } ?? Self.bounds.count] += 1
        sum += duration
    }

    /// How many were at most as long as each bound; nil is no bound.
    var cumulative: [(bound: Double?, count: Int)] {
        var total = 0
        return zip(Self.bounds.map(Optional.some) + [nil], counts).map { bound, count in
            total += count
            return (bound, total)
        }
    }
}
