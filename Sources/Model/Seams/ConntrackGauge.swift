import NetTypes

/// How full connection tracking is, and what that has cost.
public protocol ConntrackGauge: AnyObject, Sendable {
    /// Two short questions.
    func statistics() throws(DriverError) -> ConntrackStatistics

    /// Entries whose source was translated, too, by who they look like to their backends. Those of connections that have ended count:
    /// they hold their port until they are gone. Blocks for as long as the kernel walks its table.
    func sourcePorts() throws(DriverError) -> [SourcePortUser: Int]
}

/// Since the network namespace was made; the kernel's counters have 32 bits a CPU.
public struct ConntrackStatistics: Sendable, Equatable {
    public var entries = 0
    /// nf_conntrack_max
    public var limit = 0
    /// Packets dropped because the table was full, or memory short.
    public var drops: UInt64 = 0
    /// Entries that were thrown out before their time to make room.
    public var earlyDrops: UInt64 = 0
    /// Connections that could not be entered, as where no source port was left: their packets were dropped.
    public var insertFailures: UInt64 = 0
    /// Connections that were turned away as too many others share their place in the table.
    public var chainsTooLong: UInt64 = 0

    public init() {}
}

/// Whose source ports run out: those of one address towards one endpoint.
public struct SourcePortUser: Sendable, Hashable {
    public let source: IPAddress
    public let backend: Endpoint
    public let transport: TransportProtocol
    public init(source: IPAddress, backend: Endpoint, transport: TransportProtocol) {
        (self.source, self.backend, self.transport) = (source, backend, transport)
    }
}
