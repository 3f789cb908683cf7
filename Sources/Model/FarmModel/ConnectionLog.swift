/// Which new connections of a farm are logged by the kernel.
public struct ConnectionLog: Sendable, Hashable {
    /// At most so many; nil for all of them.
    public var rate: Rate?

    public init(rate: Rate? = nil) { self.rate = rate }
}
