import NetTypes

/// The first packet of a connection, as it arrives from the network.
public struct Packet: Sendable, Hashable {
    /// The device it comes in by; nil skips the ingress hooks.
    public var device: String?
    public var sourceMAC: MACAddress?
    public var destinationMAC: MACAddress?
    public var source: Endpoint
    public var destination: Endpoint
    public var transport: TransportProtocol

    public init(
        device: String? = nil, sourceMAC: MACAddress? = nil, destinationMAC: MACAddress? = nil, source: Endpoint, destination: Endpoint,
        transport: TransportProtocol
    ) {
        (self.device, self.sourceMAC, self.destinationMAC) = (device, sourceMAC, destinationMAC)
        (self.source, self.destination, self.transport) = (source, destination, transport)
    }

    public var family: AddressFamily { destination.address.family }
}

/// Where a packet ends.
public enum PacketFate: Sendable, Hashable {
    /// Conntrack translates it; the backend sees `source` where that is not nil.
    case translated(to: Endpoint, source: TranslatedSource?)
    /// The frame is sent to `mac` out of the device with this index; source as given.
    case forwarded(mac: MACAddress, source: MACAddress, device: UInt32)
    case rejected(RejectReason)
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
    /// The rules that it met.
    public let steps: [Step]

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
