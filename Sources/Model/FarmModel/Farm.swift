import NetTypes

/// A virtual service: what clients reach at its listeners is served by its backends.
///
/// A `Farm` that exists is legal: names and listeners are unique in it, ports fit, each listener has a backend of its family.
/// `FarmConfig` builds it from a file and says what is wrong; nothing else does.
public struct Farm: Sendable, Hashable {
    /// Unique among all farms: a letter or digit, then letters, digits, `.`, `_` or `-`; at most 48 characters.
    public var name: String
    public var description: String?
    public var listeners: [Listener]
    public var mode: ForwardingMode
    public var scheduler: Scheduler
    public var tableSize: TableSize
    public var backends: [Backend]
    public var health: HealthCheck
    /// Total weight of usable backends below which the next tier joins; 1 or more.
    public var quorum: Int
    public var noBackend: NoBackendAction
    public var state: AdminState

    public init(
        name: String, description: String? = nil, listeners: [Listener], mode: ForwardingMode = .snat(source: []),
        scheduler: Scheduler = .maglev(.addressAndPort), tableSize: TableSize = .automatic, backends: [Backend],
        health: HealthCheck = HealthCheck(), quorum: Int = 1, noBackend: NoBackendAction = .reject, state: AdminState = .ready
    ) {
        self.name = name
        self.description = description
        self.listeners = listeners
        self.mode = mode
        self.scheduler = scheduler
        self.tableSize = tableSize
        self.backends = backends
        self.health = health
        self.quorum = quorum
        self.noBackend = noBackend
        self.state = state
    }
}

extension Farm {
    /// Whether a connection to this endpoint is the farm's.
    public func listens(at endpoint: Endpoint, _ transport: TransportProtocol) -> Bool {
        listeners.contains { listener in
            listener.address == endpoint.address && listener.transport == transport
                && listener.ports.contains { $0.contains(endpoint.port) }
        }
    }
}

/// Address, protocol and ports at which a farm is reached.
public struct Listener: Sendable, Hashable, Comparable, CustomStringConvertible {
    public var address: IPAddress
    public var transport: TransportProtocol
    /// Sorted, without overlaps, never empty.
    public var ports: [PortRange]

    public init(address: IPAddress, transport: TransportProtocol, ports: [PortRange]) {
        (self.address, self.transport, self.ports) = (address, transport, ports)
    }

    /// `203.0.113.10:80,443/tcp`
    public var description: String {
        "\(address.bracketed):\(ports.map(\.description).joined(separator: ","))/\(transport)"
    }
    public static func < (left: Self, right: Self) -> Bool {
        if (left.address, left.transport) != (right.address, right.transport) {
            return (left.address, left.transport) < (right.address, right.transport)
        }
        return left.ports.lexicographicallyPrecedes(right.ports)
    }
}

/// A server of a farm.
public struct Backend: Sendable, Hashable {
    /// Unique in its farm; the endpoint's text when the file gives none.
    public var name: String
    public var address: IPAddress
    /// Where connections go: a port, a range as wide as the listener's, or nil to keep the client's choice.
    public var port: PortRange?
    /// 0–1000; 0 takes no new connections.
    public var weight: Int
    /// The tier: 1 serves first, higher ones join when the lower have lost their quorum.
    public var priority: Int
    /// snat: the address that this backend sees, instead of the farm's.
    public var sourceAddress: IPAddress?
    /// Instead of the farm's check.
    public var health: HealthCheck?
    public var state: AdminState

    public init(
        name: String, address: IPAddress, port: PortRange? = nil, weight: Int = 1, priority: Int = 1,
        sourceAddress: IPAddress? = nil, health: HealthCheck? = nil, state: AdminState = .ready
    ) {
        self.name = name
        self.address = address
        self.port = port
        self.weight = weight
        self.priority = priority
        self.sourceAddress = sourceAddress
        self.health = health
        self.state = state
    }
}

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
}

/// What a client gets when a listener has no usable backend.
public enum NoBackendAction: String, Sendable, Hashable, CaseIterable {
    /// TCP reset or ICMP unreachable.
    case reject
    case drop
    /// The packet goes on as if the farm did not exist.
    case pass
}

/// What the operator wants of a farm or backend.
public enum AdminState: String, Sendable, Hashable, CaseIterable, Codable {
    case ready
    /// No new connections; existing ones stay.
    case drain
    /// As drain, and said so; probes go on, so that its health is known when it comes back.
    case maintenance
}
