/// When the next commit may happen: at once when it has been quiet, at most one every 10 ms when changes do not end.
///
/// A bucket of eight tokens that refills one each 10 ms, so that a short burst is not delayed at all.
public struct CommitPacer: Sendable {
    public static let interval: Duration = .milliseconds(10)
    private static let capacity = 8.0
    private var tokens = CommitPacer.capacity
    /// Time of the last refill, since any fixed point of a monotonic clock.
    private var last: Duration?

    public init() {}

    /// How long to wait before committing at `now`; zero takes a token.
    public mutating func delay(at now: Duration) -> Duration {
        if let last { tokens = min(Self.capacity, tokens + (now - last) / Self.interval) }
        last = now
        guard tokens < 1 else {
            tokens -= 1
            return .zero
        }
        return Self.interval * (1 - tokens)
    }
}
