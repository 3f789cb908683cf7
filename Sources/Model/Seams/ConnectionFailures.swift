import NetTypes

/// Watches for connections that a backend refused or did not answer, for as long as somebody wants to know.
public protocol ConnectionFailures: AnyObject, Sendable {
    /// Watches from now on what clients open to these addresses; with none it watches nothing, and the kernel is spared the trouble.
    /// - Throws: `DriverError`, when the kernel does not let us listen.
    func watch(_ addresses: Set<IPAddress>) throws(DriverError)

    /// What failed since the last call. Never waits for the kernel.
    /// - Throws: `DriverError`, while the kernel's table cannot be read; what was noticed otherwise is kept for the next call.
    func take() throws(DriverError) -> [ConnectionTarget: FailureTally]
}

/// Connections of one target that came to nothing.
public struct FailureTally: Sendable, Hashable {
    /// Answered by a reset alone.
    public var refused: Int
    /// Without any answer for a second.
    public var unanswered: Int

    public init(refused: Int = 0, unanswered: Int = 0) { (self.refused, self.unanswered) = (refused, unanswered) }

    public var total: Int { refused + unanswered }
}
