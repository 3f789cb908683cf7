import NetTypes

/// How a backend is probed and when its verdict changes. Defaults are those of docs/probes.md.
///
/// Copies share their storage: ten thousand probes that ask for the same hold one check, not 2 MB of them.
public struct HealthCheck: Sendable, Hashable {
    private var storage: Storage

    public var kind: Kind {
        // Lent, not copied: it is asked for at each probe.
        _read { yield storage.fields.kind }
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
    /// How probes get there.
    public var way: ProbeWay {
        _read { yield storage.fields.way }
        set { change { $0.way = newValue } }
    }

    /// Asked beside the check; nil for none.
    public var agent: AgentCheck? {
        get { storage.fields.agent }
        set { change { $0.agent = newValue } }
    }

    public init(
        kind: Kind = .tcp, address: IPAddress? = nil, port: UInt16? = nil, interval: Duration = .seconds(2),
        fastInterval: Duration? = nil, downInterval: Duration? = nil, timeout: Duration? = nil, rise: Int = 2, fall: Int = 3,
        way: ProbeWay = ProbeWay()
    ) {
        storage = Storage(
            Fields(
                kind: kind, address: address, port: port, interval: interval, fastInterval: fastInterval ?? interval,
                downInterval: downInterval ?? interval, timeout: timeout ?? min(interval, .seconds(1)), rise: rise, fall: fall, way: way))
    }

    /// As farm files write it: https is http within TLS.
    public var typeName: String {
        guard way.tls != nil else { return kind.name }
        return kind == .tcp ? "tls" : "\(kind.name)s"
    }

    private struct Fields: Hashable {
        var kind: Kind
        var address: IPAddress?
        var port: UInt16?
        var interval, fastInterval, downInterval, timeout: Duration
        var rise, fall: Int
        var way: ProbeWay
        var agent: AgentCheck?
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
        /// And what comes over it is as expected.
        case talk(SendExpect)
        case http(HTTPCheck)
        case redis(Login)
        case postgres(Login)
        case mysql(Login)
        case smtp(SMTPCheck)
        case grpc(GRPCCheck)
        /// A datagram is answered, or at least not refused.
        case udp(SendExpect)
        /// An echo request is answered.
        case icmp
        case dns(DNSCheck)
        case exec(ExecCheck)
        /// An agent's words; beside a check, see `HealthCheck.agent`. Sent when the connection is open; empty for nothing.
        case agent([UInt8])
        case group(CheckGroup)

        /// The protocol whose ports the probe uses; nil where there are none, or several.
        public var carrier: TransportProtocol? {
            switch self {
            case .udp: .udp
            case .dns(let check): check.isOverTCP ? .tcp : .udp
            case .icmp, .exec, .none, .group: nil
            case .tcp, .talk, .http, .redis, .postgres, .mysql, .smtp, .grpc, .agent: .tcp
            }
        }

        public var name: String {
            switch self {
            case .none: "none"
            case .tcp, .talk: "tcp"
            case .http: "http"
            case .redis: "redis"
            case .postgres: "postgres"
            case .mysql: "mysql"
            case .smtp: "smtp"
            case .grpc: "grpc"
            case .agent: "agent"
            case .group: "checks"
            case .udp: "udp"
            case .icmp: "icmp"
            case .dns: "dns"
            case .exec: "exec"
            }
        }
    }
}

/// What probes say of a backend; never mixed with what the operator wants.
public enum Verdict: String, Sendable, Hashable, CaseIterable, Codable {
    case up, down
    /// Not probed yet, or only late answers: out of use until the first success.
    case unknown
}
