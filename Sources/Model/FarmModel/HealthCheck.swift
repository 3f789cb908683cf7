import NetTypes

/// How a backend is probed and when its verdict changes. Defaults are those of docs/probes.md.
///
/// Copies share their storage: ten thousand probes that ask for the same hold one check, not 2 MB of them.
public struct HealthCheck: Sendable, Hashable {
    private var storage: Storage

    public var kind: Kind {
        get { storage.fields.kind }
        set { change { $0.kind = newValue } }
    }
    /// Where the probe goes; nil means the backend's own.
    public var address: IPAddress? {
        get { storage.fields.address }
        set { change { $0.address = newValue } }
    }
    public var port: UInt16? {
        get { storage.fields.port }
        set { change { $0.port = newValue } }
    }
    /// Start to start.
    public var interval: Duration {
        get { storage.fields.interval }
        set { change { $0.interval = newValue } }
    }
    /// Instead of `interval` while a change of verdict is under way.
    public var fastInterval: Duration {
        get { storage.fields.fastInterval }
        set { change { $0.fastInterval = newValue } }
    }
    /// Instead of `interval` while down.
    public var downInterval: Duration {
        get { storage.fields.downInterval }
        set { change { $0.downInterval = newValue } }
    }
    /// Of the whole probe, from connect to the last byte read.
    public var timeout: Duration {
        get { storage.fields.timeout }
        set { change { $0.timeout = newValue } }
    }
    /// Consecutive successes that bring a backend up, 1 or more; the first probe ever is enough.
    public var rise: Int {
        get { storage.fields.rise }
        set { change { $0.rise = newValue } }
    }
    /// Consecutive failures that take it down, 1 or more.
    public var fall: Int {
        get { storage.fields.fall }
        set { change { $0.fall = newValue } }
    }

    public init(
        kind: Kind = .tcp, address: IPAddress? = nil, port: UInt16? = nil, interval: Duration = .seconds(2),
        fastInterval: Duration? = nil, downInterval: Duration? = nil, timeout: Duration? = nil, rise: Int = 2, fall: Int = 3
    ) {
        storage = Storage(
            Fields(
                kind: kind, address: address, port: port, interval: interval, fastInterval: fastInterval ?? interval,
                downInterval: downInterval ?? interval, timeout: timeout ?? min(interval, .seconds(1)), rise: rise, fall: fall))
    }

    private struct Fields: Hashable {
        var kind: Kind
        var address: IPAddress?
        var port: UInt16?
        var interval, fastInterval, downInterval, timeout: Duration
        var rise, fall: Int
    }

    private final class Storage: Sendable {
        let fields: Fields
        init(_ fields: Fields) { self.fields = fields }
    }

    private mutating func change(_ change: (inout Fields) -> Void) {
        var fields = storage.fields
        change(&fields)
        storage = Storage(fields)
    }

    public static func == (left: Self, right: Self) -> Bool {
        left.storage === right.storage || left.storage.fields == right.storage.fields
    }

    /// The interval alone: checks that differ elsewhere are told apart by `==`.
    public func hash(into hasher: inout Hasher) { hasher.combine(interval) }

    public enum Kind: Sendable, Hashable {
        /// Not probed: up as long as the operator says so.
        case none
        /// A connection is accepted.
        case tcp
        case http(HTTPCheck)

        public var name: String {
            switch self {
            case .none: "none"
            case .tcp: "tcp"
            case .http: "http"
            }
        }
    }
}

/// What an HTTP probe asks and expects (HTTP/1.1, one connection a probe).
public struct HTTPCheck: Sendable, Hashable {
    public var method: String
    /// Begins with "/".
    public var path: String
    /// The Host header; nil means the address and port that are probed.
    public var host: String?
    /// Inclusive ranges of status codes, 100–599.
    public var expectStatus: [ClosedRange<Int>]
    /// Text that has to occur in the first 64 KiB of the body.
    public var expectBody: String?

    public init(
        method: String = "GET", path: String = "/", host: String? = nil, expectStatus: [ClosedRange<Int>] = [200...399],
        expectBody: String? = nil
    ) {
        self.method = method
        self.path = path
        self.host = host
        self.expectStatus = expectStatus
        self.expectBody = expectBody
    }
}

/// What probes say of a backend; never mixed with what the operator wants.
public enum Verdict: String, Sendable, Hashable, CaseIterable, Codable {
    case up, down
    /// Not probed yet, or only late answers: out of use until the first success.
    case unknown
}
