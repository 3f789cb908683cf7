import NetTypes

/// How a backend is probed and when its verdict changes. Defaults are those of docs/probes.md.
public struct HealthCheck: Sendable, Hashable {
    public var kind: Kind
    /// Where the probe goes; nil means the backend's own.
    public var address: IPAddress?
    public var port: UInt16?
    /// Start to start.
    public var interval: Duration
    /// Instead of `interval` while a change of verdict is under way.
    public var fastInterval: Duration
    /// Instead of `interval` while down.
    public var downInterval: Duration
    /// Of the whole probe, from connect to the last byte read.
    public var timeout: Duration
    /// Consecutive successes that bring a backend up, 1 or more; the first probe ever is enough.
    public var rise: Int
    /// Consecutive failures that take it down, 1 or more.
    public var fall: Int

    public init(
        kind: Kind = .tcp, address: IPAddress? = nil, port: UInt16? = nil, interval: Duration = .seconds(2),
        fastInterval: Duration? = nil, downInterval: Duration? = nil, timeout: Duration? = nil, rise: Int = 2, fall: Int = 3
    ) {
        self.kind = kind
        self.address = address
        self.port = port
        self.interval = interval
        self.fastInterval = fastInterval ?? interval
        self.downInterval = downInterval ?? interval
        self.timeout = timeout ?? min(interval, .seconds(1))
        self.rise = rise
        self.fall = fall
    }

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
