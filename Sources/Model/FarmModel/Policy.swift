/// What becomes of packets from some sources before they are balanced.
public struct Policy: Sendable, Hashable {
    /// Unique in its farm; as a farm's name.
    public var name: String
    public var action: Action
    /// Canonical: sorted, disjoint, neighbours merged; both families.
    public var sources: [AddressRange]
    /// A list of further sources, as a path that can be opened; read by whoever watches farm files.
    public var sourceFile: String?
    /// What `sourceFile` held when it was read; nil until then.
    public var list: SourceList?
    /// How many of the packets it decides on are logged; nil for none.
    public var log: Rate?

    public init(name: String, action: Action, sources: [AddressRange] = [], sourceFile: String? = nil, log: Rate? = nil) {
        self.name = name
        self.action = action
        self.sources = sources
        self.sourceFile = sourceFile
        self.log = log
    }

    public enum Action: String, Sendable, Hashable, CaseIterable {
        case accept, drop
    }
}
