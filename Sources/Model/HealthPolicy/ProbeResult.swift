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
    /// From the start of the probe to its result; kept to the microsecond.
    public var duration: Duration { .nanoseconds(nanoseconds) }
    // Not as a `Duration`: those are divided in 128 bits.
    public let nanoseconds: Int64

    public init(result: ProbeResult, at: MonotonicInstant, duration: Duration) {
        (self.result, self.at, nanoseconds) = (result, at, duration.wholeNanoseconds)
    }

    public init(result: ProbeResult, at: MonotonicInstant, startedAt: MonotonicInstant) {
        (self.result, self.at, nanoseconds) = (result, at, at.nanoseconds - startedAt.nanoseconds)
    }
}

/// The last results of a target, oldest first; the oldest gives way. Of advice only the last piece is known, by `HealthState`.
public struct ProbeHistory: Sendable, Hashable {
    public static let capacity = 8
    /// A ring once it is full, with its oldest at `oldest`.
    private var entries: [Entry] = []
    private var oldest = 0

    public var records: [ProbeRecord] { (entries[oldest...] + entries[..<oldest]).map(\.record) }
    public var last: ProbeRecord? { entries.isEmpty ? nil : entries[(oldest + entries.count - 1) % entries.count].record }

    mutating func append(_ record: ProbeRecord) {
        guard entries.count == Self.capacity else { return entries.append(Entry(record)) }
        entries[oldest] = Entry(record)
        oldest = (oldest + 1) % Self.capacity
    }

    public static func == (left: Self, right: Self) -> Bool { left.records == right.records }
    public func hash(into hasher: inout Hasher) { hasher.combine(records) }

    /// A third of a record: there are eight a target, and tens of thousands of targets.
    private struct Entry: Hashable {
        let reason: String
        let at: MonotonicInstant
        /// Over an hour all are alike.
        let microseconds: UInt32
        let kind: Kind

        enum Kind { case success, failure, late }

        init(_ record: ProbeRecord) {
            (reason, at) = (record.result.reason, record.at)
            microseconds = UInt32(clamping: record.nanoseconds / 1000)
            kind =
                switch record.result {
                case .success: .success
                case .failure: .failure
                case .late: .late
                }
        }

        var record: ProbeRecord {
            let result: ProbeResult =
                switch kind {
                case .success: .success(reason)
                case .failure: .failure(reason)
                case .late: .late(reason)
                }
            return ProbeRecord(result: result, at: at, duration: .microseconds(microseconds))
        }
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
