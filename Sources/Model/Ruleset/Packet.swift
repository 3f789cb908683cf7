import NetTypes

/// A packet as it enters, from the network or from the host itself.
public struct Packet: Sendable, Hashable {
    /// The device it comes in by; nil skips the ingress hooks.
    public var device: String?
    public var sourceMAC: MACAddress?
    public var destinationMAC: MACAddress?
    public var source: Endpoint
    public var destination: Endpoint
    public var transport: TransportProtocol
    /// Of no meaning but for tcp.
    public var flags: TCPFlags
    /// Of no meaning but for udp, where 0 may stand instead (RFC 768).
    public var hasChecksum: Bool
    /// What conntrack says of it; nil: what follows from its flags and the packets before it.
    public var connectionState: ConnectionState?
    /// The frame is addressed to somebody else, and the device hears it all the same.
    public var isFlooded = false
    /// Not this packet but an ICMP error, sent from here to the packet's destination, about what that has sent to the packet's source.
    public var reporter: IPAddress?
    /// The host itself sends it: it begins at the output hook, and has no frame yet.
    public var isFromHost: Bool
    /// What its socket marks it with.
    public var mark: UInt32 = 0
    /// How it leaves, where the host sends it and routing and the neighbour are known; nil skips the egress hooks.
    public var departure: NextHop?

    public init(
        device: String? = nil, sourceMAC: MACAddress? = nil, destinationMAC: MACAddress? = nil, source: Endpoint, destination: Endpoint,
        transport: TransportProtocol, flags: TCPFlags = .syn, hasChecksum: Bool = true, connectionState: ConnectionState? = nil,
        isFromHost: Bool = false
    ) {
        (self.device, self.sourceMAC, self.destinationMAC) = (device, sourceMAC, destinationMAC)
        (self.source, self.destination, self.transport) = (source, destination, transport)
        (self.flags, self.hasChecksum) = (flags, hasChecksum)
        (self.connectionState, self.isFromHost) = (connectionState, isFromHost)
    }

    public var family: AddressFamily { destination.address.family }

    /// What a `reporter` says: that the packet was too big (for IPv4 a kind of unreachable).
    public static func errorType(_ family: AddressFamily) -> UInt8 { family == .ipv4 ? 3 : 2 }
}
