/// A point on CLOCK_MONOTONIC: no jump of the wall clock moves it, and it stands still while the machine sleeps.
public struct MonotonicInstant: Sendable, Hashable, Comparable, InstantProtocol {
    /// Since an arbitrary point before the start of the process; 0 and above.
    public var nanoseconds: Int64

    public init(nanoseconds: Int64) { self.nanoseconds = nanoseconds }

    public func advanced(by duration: Duration) -> Self { Self(nanoseconds: nanoseconds + duration.wholeNanoseconds) }
    public func duration(to other: Self) -> Duration { .nanoseconds(other.nanoseconds - nanoseconds) }
    public static func < (left: Self, right: Self) -> Bool { left.nanoseconds < right.nanoseconds }
}

extension Duration {
    /// Without the part below a nanosecond; durations of health checks are far below the 292 years that fit.
    public var wholeNanoseconds: Int64 { components.seconds * 1_000_000_000 + components.attoseconds / 1_000_000_000 }
}
