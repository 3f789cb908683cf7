import NetTypes

/// How a connection reaches its backend.
public enum ForwardingMode: Sendable, Hashable {
    /// The destination is translated; the backend sees the client and answers through us.
    case dnat
    /// Both are translated: the backend sees us. At most one source address a family; none means masquerade.
    case snat(source: [IPAddress])
    /// Only the destination MAC changes; the backend holds the listener's address and answers the client itself.
    case dsr
    /// Destination and, on the way back, source are rewritten packet by packet, without conntrack; replies come through us.
    case stateless
    /// The farm's addresses and backends are the balancer's own: only ports change, and the host's own connections are balanced too.
    case local

    public var name: String {
        switch self {
        case .dnat: "dnat"
        case .snat: "snat"
        case .dsr: "dsr"
        case .stateless: "stateless"
        case .local: "local"
        }
    }

    /// Whether the kernel keeps an entry for each connection. Without one every packet is scheduled by itself.
    public var usesConntrack: Bool {
        switch self {
        case .dnat, .snat, .local: true
        case .dsr, .stateless: false
        }
    }
}
