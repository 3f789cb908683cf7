import NetTypes

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
    /// Instead of the farm's.
    public var verdictPolicy: VerdictPolicy?
    public var state: AdminState
    /// Connections at a time, 1 or more; those above it are sent to nobody else but refused. Nil for no bound.
    public var connectionLimit: Int?
    /// Bits set in the packet mark of what goes to this backend, besides the farm's; never 0.
    public var mark: UInt32?

    public init(
        name: String, address: IPAddress, port: PortRange? = nil, weight: Int = 1, priority: Int = 1,
        sourceAddress: IPAddress? = nil, health: HealthCheck? = nil, verdictPolicy: VerdictPolicy? = nil,
        state: AdminState = .ready, connectionLimit: Int? = nil, mark: UInt32? = nil
    ) {
        self.name = name
        self.address = address
        self.port = port
        self.weight = weight
        self.priority = priority
        self.sourceAddress = sourceAddress
        self.health = health
        self.verdictPolicy = verdictPolicy
        self.state = state
        self.connectionLimit = connectionLimit
        self.mark = mark
    }
}
