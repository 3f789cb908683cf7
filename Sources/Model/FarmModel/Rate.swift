/// So many a unit of time, and how many at once.
public struct Rate: Sendable, Hashable, CustomStringConvertible {
    /// 1–`largest`.
    public var count: Int
    public var unit: Unit
    /// How many may come at once after a pause, 1–`largest`.
    public var burst: Int

    /// Bound of counts and bursts: more than a host can see in a second.
    public static let largest = 100_000_000

    /// Without a burst: what comes in a second, and at least 5.
    public init(_ count: Int, per unit: Unit, burst: Int? = nil) {
        (self.count, self.unit) = (count, unit)
        self.burst = burst ?? max(5, count / unit.seconds)
    }

    public enum Unit: String, Sendable, Hashable, CaseIterable {
        case second, minute, hour, day

        public var seconds: Int {
            switch self {
            case .second: 1
            case .minute: 60
            case .hour: 3600
            case .day: 86400
            }
        }
        /// `s`, `m`, `h` or `d`, as farm files write it.
        public var letter: String { String(rawValue.prefix(1)) }
    }

    /// `20/s`; the burst stands elsewhere.
    public var description: String { "\(count)/\(unit.letter)" }
}
