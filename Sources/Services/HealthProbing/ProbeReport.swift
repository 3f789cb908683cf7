import FarmModel
import HealthPolicy

/// A change of verdict or of what the target asks for, as handed to the callback of `ProbeLoop`.
public struct ProbeReport: Sendable, Hashable {
    public let target: ProbeTarget
    public let verdict: Verdict
    public let previous: Verdict
    /// The words of the result that decided it, as in "connection refused".
    public let reason: String
    public let at: MonotonicInstant
    /// What the target asks for now; nil for nothing.
    public let advice: ProbeAdvice?
    /// It asked for something else before.
    public let isAdviceNews: Bool

    init(target: ProbeTarget, transition: VerdictTransition, advice: ProbeAdvice? = nil, isAdviceNews: Bool = false) {
        (self.target, self.advice, self.isAdviceNews) = (target, advice, isAdviceNews)
        (verdict, previous) = (transition.verdict, transition.previous)
        (reason, at) = (transition.reason, transition.at)
    }
}

/// What the loop has done since its start, for metrics.
public struct ProbeLoopCounts: Sendable, Hashable {
    public internal(set) var started: UInt64 = 0
    public internal(set) var succeeded: UInt64 = 0
    public internal(set) var failed: UInt64 = 0
    /// Ended without a result because of us: stalls and `ownTrouble`.
    public internal(set) var late: UInt64 = 0
    /// No descriptor, port or memory for a probe, or no way to start its program.
    public internal(set) var ownTrouble: UInt64 = 0
    /// Starts that had to wait because `maxInFlight` probes were under way.
    public internal(set) var postponed: UInt64 = 0
    /// Time during which the loop should have run and did not.
    public internal(set) var stalled: Duration = .zero
    public internal(set) var inFlight = 0
    /// Connections that wait for their next probe.
    public internal(set) var kept = 0
    /// Probes that went over a kept connection.
    public internal(set) var reused: UInt64 = 0
}

/// Why the loop cannot run.
public struct ProbingFault: Error, Hashable, CustomStringConvertible {
    public let operation: String
    public let errno: Int32

    public var description: String { "probing cannot start: \(operation) failed: \(systemWords(errno))" }
}
