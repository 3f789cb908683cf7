import HealthPolicy

/// A farm's transition in figures; nil when there is none.
public struct HandoverSummary: Sendable, Hashable {
    /// Slots that move, each once a family.
    public let slots: Int
    public let since: MonotonicInstant
    /// At the latest.
    public let endsBy: MonotonicInstant

    public init?(_ transitions: [Transition], _ settings: HandoverSettings) {
        guard let since = transitions.map(\.began).min(), let end = transitions.map({ $0.end(settings) }).max() else { return nil }
        let families = Dictionary(grouping: transitions, by: \.family)
        slots = families.values.reduce(0) { $0 + Set($1.flatMap(\.moves.keys)).count }
        (self.since, endsBy) = (since, end)
    }
}
