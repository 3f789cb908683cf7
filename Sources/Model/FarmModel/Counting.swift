/// What the kernel counts for a farm, by listener and backend.
public enum Counting: String, Sendable, Hashable, CaseIterable {
    case off = "none"
    /// Connections: costs each new one a lookup. Modes without conntrack count none, as no packet of theirs is known to begin one.
    case connections
    /// Connections, and packets and bytes both ways: costs every packet a lookup.
    case traffic
}
