/// Where state is kept over restarts.
public protocol StateStore: AnyObject, Sendable {
    /// Nil when nothing was stored. Throws when what was stored is damaged and there is no whole copy; it is then set aside, so that the
    /// next write does not take it away.
    func read(_ item: StateItem) throws(StateFault) -> StateReading?
    /// Replaces the item whole or leaves it as it was.
    func write(_ item: StateItem, _ octets: [UInt8]) throws(StateFault)
    /// What was read is whole, and not to be understood: it is set aside as what is damaged is.
    func setAside(_ item: StateItem)
    /// Where the item's lost content is, oldest first, until somebody removes it.
    func losses(of item: StateItem) -> [String]
}

/// An item as it was stored.
public struct StateReading: Sendable, Equatable {
    public let octets: [UInt8]
    /// What was wrong with one of two copies, so that both have to be written anew; nothing is lost.
    public let damage: String?
    public init(octets: [UInt8], damage: String? = nil) { (self.octets, self.damage) = (octets, damage) }
}

/// What is kept.
public enum StateItem: String, Sendable, CaseIterable {
    case overrides = "overrides.json"
    case verdicts = "verdicts"
    /// The farm files that were last accepted.
    case lastGood = "last-good.json"
    /// What was in transition.
    case handovers = "handovers.json"
    /// Sums of what rules have counted.
    case counters = "counters.json"
    /// Sums of what elements have counted, by farm.
    case traffic = "traffic.json"

    /// Whether it is stored twice, so that it outlives a damaged file. The rest comes back by itself, or is no loss.
    public var hasCopy: Bool { self == .overrides }
}

/// Why state could not be read or written; the daemon serves on without it.
public struct StateFault: Error, Sendable, Equatable, CustomStringConvertible {
    public let message: String
    public init(message: String) { self.message = message }
    public var description: String { message }
}
