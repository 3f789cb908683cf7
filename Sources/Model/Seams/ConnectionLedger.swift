import NetTypes

/// Counts connections as they begin and end, for as long as somebody wants to know.
public protocol ConnectionLedger: AnyObject, Sendable {
    /// Counts from now on what clients open to these addresses; with none it counts nothing, and the kernel is spared its notices.
    /// - Throws: `DriverError`, when the kernel does not let us listen; what was counted before is counted on.
    func follow(_ addresses: Set<IPAddress>) throws(DriverError)

    /// Nil while it is not known: before the kernel's table has been read, and after notices were lost until it has been read again.
    ///
    /// For one reader: what began is counted since its last reading. Never waits for the kernel.
    /// - Throws: `DriverError`, while the kernel's table cannot be read.
    func reading() throws(DriverError) -> [ConnectionTarget: ConnectionTally]?

    var effort: LedgerEffort { get }
}

/// Connections of one target.
public struct ConnectionTally: Sendable, Hashable {
    /// Open now: without TCP connections that have ended.
    public var live: Int
    /// Begun since the last reading.
    public var opened: Int

    public init(live: Int = 0, opened: Int = 0) { (self.live, self.opened) = (live, opened) }
}

/// What counting has taken since the start.
public struct LedgerEffort: Sendable, Equatable {
    /// Beginnings and ends that the kernel announced.
    public var notices = 0
    /// Readings of the kernel's table.
    public var walks = 0
    /// Times that the kernel announced more than could wait.
    public var losses = 0

    public init() {}
}
