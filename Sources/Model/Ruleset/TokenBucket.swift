/// The arithmetic of net/netfilter/nft_limit.c: tokens are nanoseconds, a packet costs as many as lie between two packets of the rate.
struct TokenBucket: Sendable, Hashable {
    private let cost: Int64
    private let capacity: Int64
    private var tokens: Int64
    private var last: Duration

    /// Full.
    init(_ rate: RateLimit, at now: Duration) {
        cost = Int64(rate.unit.seconds * 1_000_000_000 / rate.count)
        capacity = cost * Int64(rate.burst)
        (tokens, last) = (capacity, now)
    }

    /// Whether a packet is within the rate; then it has been paid for.
    mutating func take(at now: Duration) -> Bool {
        tokens = min(capacity, tokens + (now - last).nanoseconds)
        last = now
        guard tokens >= cost else { return false }
        tokens -= cost
        return true
    }
}

extension Duration {
    fileprivate var nanoseconds: Int64 { components.seconds * 1_000_000_000 + components.attoseconds / 1_000_000_000 }
}
