import FarmModel
import HealthPolicy

/// One probe's talk with its target over a connection, as a pure state machine: who probes does the input and output.
///
/// A new kind of probe is one file with one such type, and one line in `ProbeTarget.exchange(nonce:)`; one that does not speak over a TCP
/// connection has one in `HealthCheck.Kind.transport` of `HealthProbing` too. Each bounds what it keeps of what it hears, and
/// has a target in `Tests/Fuzz`.
public protocol ProbeExchange {
    /// The connection is established. On one that is kept, the next probe begins: the state of the last one is forgotten.
    mutating func opened() -> ProbeStep
    /// Bytes have come; never empty.
    mutating func received(_ bytes: Span<UInt8>) -> ProbeStep
    /// The peer has closed or reset; no more bytes will come.
    mutating func closed() -> ProbeOutcome
    /// What is to be said if nothing more comes until the deadline.
    func expired() -> ProbeOutcome
    /// Whether the connection may carry the next probe, now that this one has succeeded.
    var isReusable: Bool { get }
    /// It is kept for the next probe: what this one has read is needed no more.
    mutating func rest()
    /// Bytes have come between two probes. Whether the connection may stay.
    mutating func receivedWhileIdle(_ bytes: Span<UInt8>) -> Bool
}

extension ProbeExchange {
    public var isReusable: Bool { false }
    public mutating func rest() {}
    public mutating func receivedWhileIdle(_ bytes: Span<UInt8>) -> Bool { false }
}

/// What a probe wants next of its connection.
public enum ProbeStep: Equatable, Sendable {
    case send([UInt8])
    /// Nothing more will be sent: the peer sees the end, and may close in peace.
    case hangUp
    case wait
    case done(ProbeOutcome)
    /// These are the last bytes; nobody waits for what becomes of them.
    case finish([UInt8], ProbeOutcome)
}

/// How an exchange ended.
public enum ProbeOutcome: Equatable, Sendable {
    case success(String, advice: ProbeAdvice? = nil)
    /// The target itself said no.
    case failure(String)
    /// Nothing conclusive was heard: a failure, unless it was us who did not listen.
    case silence(String)
    /// The question could not be asked, or the answer says that it is none: counts neither way.
    case unknown(String)
}

extension ProbeTarget {
    /// Nil when the kind is not probed. `nonce` is what no stranger guesses: it tells answers to our datagrams from others.
    public func exchange(nonce: @autoclosure () -> UInt64) -> (any ProbeExchange)? {
        // The commonest first: what follows copies all that a kind may hold.
        if case .tcp = check.kind { return TCPExchange() }
        return switch check.kind {
        // Groups are taken apart before they come here, and programs have no connection.
        case .none, .group, .exec: nil
        case .agent(let send): AgentExchange(send: send)
        case .tcp: TCPExchange()
        case .talk(let check): TalkExchange(check)
        case .http: HTTPExchange(check, target: authority)
        case .redis(let login): RedisExchange(login)
        case .postgres(let login): PostgresExchange(login)
        case .mysql(let login): MySQLExchange(login)
        case .smtp(let check): SMTPExchange(check)
        case .grpc(let check): GRPCExchange(check: check, target: authority)
        case .udp(let check): UDPExchange(check)
        case .icmp: ICMPExchange(address.family, token: nonce())
        case .dns(let check): DNSExchange(check, id: UInt16(truncatingIfNeeded: nonce()))
        }
    }
}
