/// Bounds on what clients may do to a farm. Nil means no bound.
public struct Limits: Sendable, Hashable {
    /// Of the whole farm.
    public var newConnections: Rate?
    public var newConnectionsPerSource: Rate?
    /// At a time, 1 or more; needs conntrack.
    public var connectionsPerSource: Int?
    /// TCP resets that one source may send.
    public var resetsPerSource: Rate?
    /// Drops TCP packets whose combination of flags no honest sender makes.
    public var tcpStrict: Bool
    /// The balancer answers SYNs itself, with cookies: only clients that are there become connections, for conntrack and for backends.
    public var synProxy: Bool
    /// How long a source is refused altogether once it was over a limit per source: whole seconds, 1 s–24 h. Nil: only while it is.
    public var banTime: Duration?

    public init(
        newConnections: Rate? = nil, newConnectionsPerSource: Rate? = nil, connectionsPerSource: Int? = nil,
        resetsPerSource: Rate? = nil, tcpStrict: Bool = false, synProxy: Bool = false, banTime: Duration? = nil
    ) {
        self.newConnections = newConnections
        self.newConnectionsPerSource = newConnectionsPerSource
        self.connectionsPerSource = connectionsPerSource
        self.resetsPerSource = resetsPerSource
        self.tcpStrict = tcpStrict
        self.synProxy = synProxy
        self.banTime = banTime
    }

    /// True when nothing is bounded.
    public var isEmpty: Bool { self == Limits() }
}
