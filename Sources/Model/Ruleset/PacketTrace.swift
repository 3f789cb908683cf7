import NetTypes

/// Where a packet ends.
public enum PacketFate: Sendable, Hashable {
    /// Conntrack translates it; the backend sees `source` where that is not nil.
    case translated(to: Endpoint, source: TranslatedSource?)
    /// A reply that conntrack translates back: what the client sees.
    case answered(to: Endpoint, from: Endpoint)
    /// Translated without conntrack, in either direction; sent to the destination itself out of the device with this index, or routed (nil).
    case rewritten(to: Endpoint, from: Endpoint, device: UInt32?)
    /// The frame is sent to `mac` out of the device with this index; source as given.
    case forwarded(mac: MACAddress, source: MACAddress, device: UInt32)
    case rejected(RejectReason)
    /// The host answers the SYN itself, with a cookie; who brings it back is connected.
    case challenged
    case dropped
    /// Nothing of ours has changed it.
    case passed

    public enum TranslatedSource: Sendable, Hashable {
        /// An address of the device it leaves by.
        case masquerade
        case address(IPAddress)
    }
}

/// One way that a packet can go.
public struct PacketTrace: Sendable, Hashable {
    public let fate: PacketFate
    /// Of all packets like this one, 0–1; 1 unless the kernel's own counter or random source decides.
    public let share: Double
    /// What the rules that it met have done.
    public let steps: [Step]
    /// The rules of which every statement held, in order: what the kernel's own trace names.
    public let rules: [RulePlace]

    public struct Step: Sendable, Hashable, CustomStringConvertible {
        public let table: TableFamily
        public let chain: String
        /// From 1, as a person counts.
        public let rule: Int
        public let text: String
        public let effect: String

        public var description: String { "\(table) \(chain) rule \(rule): \(text)  →  \(effect)" }
    }
}

/// A rule by where it stands.
public struct RulePlace: Sendable, Hashable, CustomStringConvertible {
    public let table: TableFamily
    public let chain: String
    /// From 1.
    public let rule: Int

    public init(table: TableFamily, chain: String, rule: Int) { (self.table, self.chain, self.rule) = (table, chain, rule) }

    public var description: String { "\(table) \(chain) rule \(rule)" }
}

/// One way that a packet can go, and what it leaves behind.
public struct PacketOutcome: Sendable, Hashable {
    public let trace: PacketTrace
    public let state: DynamicState
}
