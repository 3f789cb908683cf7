/// What one probe found.
public enum ProbeResult: Sendable, Hashable {
    /// The target answered as the check wants; the words say how, as in "status 200". It may ask for more.
    case success(String, advice: ProbeAdvice? = nil)
    /// It did not; the words say why, as in "connection refused".
    case failure(String)
    /// Our own trouble (a stall, no descriptor, no port): says nothing about the target, so it counts neither way.
    case late(String)

    public var reason: String {
        switch self {
        case .success(let reason, _), .failure(let reason), .late(let reason): reason
        }
    }

    public var advice: ProbeAdvice? {
        if case .success(_, let advice) = self { advice } else { nil }
    }

    public var isSuccess: Bool {
        if case .success = self { true } else { false }
    }
}

/// A result that is kept for the question why a backend is in the state it is in.
public struct ProbeRecord: Sendable, Hashable {
    public var result: ProbeResult
    /// When the result was known.
    public var at: MonotonicInstant
    /// From the start of the probe to its result.
    public var duration: Duration

    public init(result: ProbeResult, at: MonotonicInstant, duration: Duration) {
        (self.result, self.at, self.duration) = (result, at, duration)
    }
}

/// The last results of a target, oldest first; the oldest gives way.
public struct ProbeHistory: Sendable, Hashable {
    public static let capacity = 8
    public private(set) var records: [ProbeRecord] = []

    public init() {}

    public var last: ProbeRecord? { records.last }

    mutating func append(_ record: ProbeRecord) {
        if records.count == Self.capacity { records.removeFirst() }
        records.append(record)
    }
}

/// How many probes of a target ended how, since the target is probed.
public struct ProbeCounts: Sendable, Hashable {
    public internal(set) var successes: UInt64 = 0
    public internal(set) var failures: UInt64 = 0
    public internal(set) var late: UInt64 = 0

    public init() {}

    mutating func count(_ result: ProbeResult) {
        switch result {
        case .success: successes += 1
        case .failure: failures += 1
        case .late: late += 1
        }
    }
}
