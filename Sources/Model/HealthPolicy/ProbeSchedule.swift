import FarmModel

/// Which of a check's intervals applies.
public enum ProbePace: Sendable, Hashable {
    /// Nothing is changing.
    case regular
    /// A change of verdict is under way.
    case fast
    /// Fully down.
    case down
}

/// When a target is probed: start to start, each target on slots of its own so that the starts of all are spread evenly.
///
/// A slot is `origin + phase × interval + n × interval`. Regular and down probes begin on slots; fast ones follow the last start, since
/// they have to be quick and are spread by the starts before them.
public struct ProbeSchedule: Sendable {
    /// Nobody waits longer than this for the first probe.
    static let longestFirstWait: Int64 = 1_000_000_000
    static let firstStartSpacing: Int64 = 2_000_000

    private let intervals: (regular: Int64, fast: Int64, down: Int64)
    private let origin: Int64
    /// Per cent of the interval.
    private let jitter: Int64
    /// 0 up to, not including, 1.
    private let phase: Double

    public init(check: HealthCheck, origin: MonotonicInstant, phase: Double) {
        func period(_ interval: Duration) -> Int64 { max(1_000_000, interval.wholeNanoseconds) }
        intervals = (period(check.interval), period(check.fastInterval), period(check.downInterval))
        self.origin = origin.nanoseconds
        jitter = Int64(check.way.jitter)
        self.phase = phase
    }

    /// The first start of a target that joins at `now` as one of `count`: in the order of slots, but within a second, and few join faster
    /// than many.
    public func firstStart(from now: MonotonicInstant, among count: Int) -> MonotonicInstant {
        let wait = slot(after: now.nanoseconds - 1, every: intervals.regular) - now.nanoseconds
        let longest = min(Self.longestFirstWait, Int64(count) * Self.firstStartSpacing)
        let share = min(1, Double(longest) / Double(intervals.regular))
        return MonotonicInstant(nanoseconds: now.nanoseconds + Int64(Double(wait) * share))
    }

    /// The start that follows the one planned for `last`; not before `now`, unless it is a slot that was only just missed.
    public func nextStart(after last: MonotonicInstant, pace: ProbePace, now: MonotonicInstant, lastWasLate: Bool) -> MonotonicInstant {
        if pace == .fast && !lastWasLate {
            return MonotonicInstant(nanoseconds: max(last.nanoseconds + intervals.fast, now.nanoseconds))
        }
        let next = MonotonicInstant(nanoseconds: slot(after: last.nanoseconds, every: interval(of: pace)))
        return isMissed(next, pace: pace, now: now) ? resumedStart(after: now, pace: pace) : next
    }

    /// Whether a start is so much behind that it has to wait for its next slot, since a stall must not be followed by a burst. Up to half an
    /// interval, at most 100 ms, is no stall but a busy machine, and skipping would only delay what is to be noticed.
    public func isMissed(_ start: MonotonicInstant, pace: ProbePace, now: MonotonicInstant) -> Bool {
        now.nanoseconds - start.nanoseconds > min(max(interval(of: pace) / 2, 25_000_000), 100_000_000)
    }

    /// Where a target joins in again after starts were missed: its next slot, so that not all do at once.
    public func resumedStart(after now: MonotonicInstant, pace: ProbePace) -> MonotonicInstant {
        MonotonicInstant(nanoseconds: slot(after: now.nanoseconds, every: interval(of: pace)))
    }

    /// A start as chance delays it, by up to `jitter` per cent of the interval; the same start always alike. Fast ones are not delayed.
    public func jittered(_ start: MonotonicInstant, pace: ProbePace) -> MonotonicInstant {
        let most = interval(of: pace) / 100 * jitter
        guard most > 0, pace != .fast else { return start }
        // The finaliser of SplitMix64 (Steele, Lea and Flood, 2014).
        var bits = UInt64(bitPattern: start.nanoseconds) ^ phase.bitPattern
        bits = (bits ^ (bits >> 30)) &* 0xBF58_476D_1CE4_E5B9
        bits = (bits ^ (bits >> 27)) &* 0x94D0_49BB_1331_11EB
        return MonotonicInstant(nanoseconds: start.nanoseconds + Int64((bits ^ (bits >> 31)) % UInt64(most)))
    }

    /// When a start is made together with its neighbours: many connects at one wake-up cost a third less than each at its own.
    /// At most a fiftieth of the interval and 10 ms late, so that detection does not suffer.
    public func batchedStart(_ start: MonotonicInstant, pace: ProbePace) -> MonotonicInstant {
        let quantum = min(max(interval(of: pace) / 50, 1_000_000), 10_000_000)
        return MonotonicInstant(nanoseconds: (start.nanoseconds + quantum - 1) / quantum * quantum)
    }

    private func interval(of pace: ProbePace) -> Int64 {
        switch pace {
        case .regular: intervals.regular
        case .fast: intervals.fast
        case .down: intervals.down
        }
    }

    /// The first slot later than `instant`.
    private func slot(after instant: Int64, every period: Int64) -> Int64 {
        let first = origin + Int64(phase * Double(period))
        guard instant >= first else { return instant + (first - instant - 1) % period + 1 }
        return first + ((instant - first) / period + 1) * period
    }
}
