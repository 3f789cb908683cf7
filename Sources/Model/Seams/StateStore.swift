/// Where state is kept over restarts.
public protocol StateStore: AnyObject, Sendable {
    /// Nil when nothing was stored, or nothing that is whole.
    func read(_ item: StateItem) throws(StateFault) -> [UInt8]?
    /// Replaces the item whole or leaves it as it was.
    func write(_ item: StateItem, _ octets: [UInt8]) throws(StateFault)
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
}

/// Why state could not be read or written; the daemon serves on without it.
public struct StateFault: Error, Sendable, Equatable, CustomStringConvertible {
    public let message: String
    public init(message: String) { self.message = message }
    public var description: String { message }
}
