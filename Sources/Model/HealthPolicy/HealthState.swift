import FarmModel

/// What is known of one target, and the rules by which results change its verdict.
///
/// `rise` successes in a row bring it up and `fall` failures in a row take it down. The first success is enough while there is no verdict,
/// and as the first result after the start. Late results neither count nor break a row.
public struct HealthState: Sendable, Hashable {
    public private(set) var verdict: Verdict
    /// When the verdict was reached; the start for one that was carried over.
    public private(set) var since: MonotonicInstant
    /// Why the verdict is what it is: the words of the result that decided it.
    public private(set) var reason: String
    public private(set) var history = ProbeHistory()
    public private(set) var counts = ProbeCounts()
    /// Results in a row that speak against the verdict.
    public private(set) var opposing = 0
    /// What the last success asked for; nil for nothing.
    public private(set) var advice: ProbeAdvice?

    /// - Parameter lastKnown: the verdict from before a restart, at most 60 s old; nil or unknown when there is none.
    public init(lastKnown: Verdict?, at instant: MonotonicInstant) {
        verdict = lastKnown ?? .unknown
        since = instant
        reason = verdict == .unknown ? "not probed yet" : "as before the restart"
    }

    /// The state of a target that is not probed: up as long as the operator says so.
    public init(unprobedAt instant: MonotonicInstant) {
        (verdict, since, reason) = (.up, instant, "not probed")
    }

    /// What several probes together say.
    public init(combined verdict: Verdict, since: MonotonicInstant, reason: String, advice: ProbeAdvice?) {
        (self.verdict, self.since, self.reason, self.advice) = (verdict, since, reason, advice)
    }

    /// Takes in a result and returns the change of verdict that it brought, if any.
    public mutating func absorb(_ record: ProbeRecord, rise: Int, fall: Int) -> VerdictTransition? {
        let isFirst = counts.successes == 0 && counts.failures == 0
        history.append(record)
        counts.count(record.result)
        switch record.result {
        case .late: return nil
        case .success(_, let advice):
            self.advice = advice
            return weigh(record, for: .up, needed: isFirst || verdict == .unknown ? 1 : rise)
        case .failure: return weigh(record, for: .down, needed: fall)
        }
    }

    private mutating func weigh(_ record: ProbeRecord, for candidate: Verdict, needed: Int) -> VerdictTransition? {
        guard verdict != candidate else {
            opposing = 0
            return nil
        }
        opposing += 1
        guard opposing >= needed else { return nil }
        let transition = VerdictTransition(previous: verdict, verdict: candidate, reason: record.result.reason, at: record.at)
        (verdict, since, reason, opposing) = (candidate, record.at, transition.reason, 0)
        return transition
    }

    /// The pace of the next probe.
    public var pace: ProbePace {
        if opposing > 0 { return .fast }
        return verdict == .down ? .down : .regular
    }
}

/// A change of verdict.
public struct VerdictTransition: Sendable, Hashable {
    public var previous: Verdict
    public var verdict: Verdict
    /// The words of the result that decided it.
    public var reason: String
    public var at: MonotonicInstant

    public init(previous: Verdict, verdict: Verdict, reason: String, at: MonotonicInstant) {
        (self.previous, self.verdict, self.reason, self.at) = (previous, verdict, reason, at)
    }
}
