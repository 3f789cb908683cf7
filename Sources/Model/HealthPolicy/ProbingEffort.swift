/// What probing has done since the start, for metrics.
public struct ProbingEffort: Sendable, Hashable {
    public var started: UInt64 = 0
    public var succeeded: UInt64 = 0
    public var failed: UInt64 = 0
    /// Without a result because of us: stalls, no descriptor, no port.
    public var late: UInt64 = 0
    /// Starts that had to wait for another probe to end.
    public var postponed: UInt64 = 0
    /// Time during which the prober should have run and did not.
    public var stalled: Duration = .zero
    public var inFlight = 0
    /// From the start of a probe to its result, by the type of the check; late ones are left out.
    public var durations: [String: DurationHistogram] = [:]

    public init() {}
}

/// Counts durations by size, for a Prometheus histogram.
public struct DurationHistogram: Sendable, Hashable {
    /// Upper bounds, nanoseconds.
    private static let bounds: [Int64] = [
        250_000, 500_000, 1_000_000, 2_000_000, 5_000_000, 10_000_000, 25_000_000, 50_000_000, 100_000_000, 250_000_000, 500_000_000,
        1_000_000_000, 2_500_000_000,
    ]
    private var counts = [UInt64](repeating: 0, count: bounds.count + 1)
    private var nanoseconds: Int64 = 0

    public init() {}

    public var count: UInt64 { counts.reduce(0, +) }
    public var sum: Duration { .nanoseconds(nanoseconds) }

    public mutating func add(_ duration: Duration, times: Int = 1) { add(nanoseconds: duration.wholeNanoseconds, times: times) }

    public mutating func add(nanoseconds: Int64, times: Int = 1) {
        counts[Self.bounds.firstIndex { nanoseconds <= $0 } ?? Self.bounds.count] += UInt64(times)
        self.nanoseconds += nanoseconds * Int64(times)
    }

    /// How many were at most as long as each bound, in seconds; nil is no bound.
    public var cumulative: [(bound: Double?, count: UInt64)] {
        var total: UInt64 = 0
        return zip(Self.bounds.map { Double($0) / 1e9 } + [nil], counts).map { bound, count in
            total += count
            return (bound, total)
        }
    }
}
