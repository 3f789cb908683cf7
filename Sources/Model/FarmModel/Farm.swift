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
    public var verdictPolicy: VerdictPolicy
    /// Per cent of healthy backends below which all of them are used, 1–100; 0: never.
    public var panicThreshold: Int
    /// Nil: real connections do not speak against a backend.
    public var passive: PassiveDetection?
    /// Total weight of usable backends below which the next tier joins; 1 or more.
    public var quorum: Int
    /// Weight above the quorum at which a tier that has joined leaves again; 0 or more.
    public var quorumHysteresis: Int
    public var noBackend: NoBackendAction
    public var state: AdminState
    /// In the order of the file: the first one that holds a packet's source decides; what none holds is accepted.
    public var policies: [Policy]
    public var limits: Limits
    public var persistence: Persistence?
    public var helper: ConnectionHelper?
    /// Nil if connections are not logged.
    public var log: ConnectionLog?
    /// Begins each log line of the farm and of its policies; the farm's name and a space unless the file says otherwise.
    public var logPrefix: String
    /// Bits set in the packet mark of the farm's traffic; other bits are kept. Never 0.
    public var mark: UInt32?
    /// Nil: as the daemon's settings say.
    public var counters: Counting?

    public init(
        name: String, description: String? = nil, listeners: [Listener], mode: ForwardingMode = .snat(source: []),
        scheduler: Scheduler = .maglev(.addressAndPort), tableSize: TableSize = .automatic, backends: [Backend],
        health: HealthCheck = HealthCheck(), verdictPolicy: VerdictPolicy = VerdictPolicy(), panicThreshold: Int = 50,
        passive: PassiveDetection? = nil, quorum: Int = 1, quorumHysteresis: Int = 0, noBackend: NoBackendAction = .reject,
        state: AdminState = .ready, policies: [Policy] = [], limits: Limits = Limits(), persistence: Persistence? = nil,
        helper: ConnectionHelper? = nil, log: ConnectionLog? = nil, logPrefix: String? = nil, mark: UInt32? = nil,
        counters: Counting? = nil
    ) {
        self.name = name
        self.description = description
        self.listeners = listeners
        self.mode = mode
        self.scheduler = scheduler
        self.tableSize = tableSize
        self.backends = backends
        self.health = health
        self.verdictPolicy = verdictPolicy
        self.panicThreshold = panicThreshold
        self.passive = passive
        self.quorum = quorum
        self.quorumHysteresis = quorumHysteresis
        self.noBackend = noBackend
        self.state = state
        self.policies = policies
        self.limits = limits
        self.persistence = persistence
        self.helper = helper
        self.log = log
        self.logPrefix = logPrefix ?? "\(name) "
        self.mark = mark
        self.counters = counters
    }
}

extension Farm {
    /// Whether a connection to this endpoint is the farm's, as far as other farms do not have the port. `byPort`: it has the port itself.
    public func listens(at endpoint: Endpoint, _ transport: TransportProtocol, byPort: Bool = false) -> Bool {
        listeners.contains { listener in
            guard listener.address == endpoint.address else { return false }
            return listener.isWhole && !byPort || listener.transport == transport && listener.ports.contains { $0.contains(endpoint.port) }
        }
    }
}

extension Farm {
    /// What follows from the verdicts about this backend.
    public func verdictPolicy(of backend: Backend) -> VerdictPolicy { backend.verdictPolicy ?? verdictPolicy }
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
