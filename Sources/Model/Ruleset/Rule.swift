import NetTypes

/// Matches from left to right, then what is done with the packet.
public struct Rule: Sendable, Hashable {
    public let statements: [Statement]

    public init(_ statements: Statement...) { self.statements = statements }
    public init(_ statements: [Statement]) { self.statements = statements }
}

/// One match or action of a rule, as nft words it.
public enum Statement: Sendable, Hashable {
    // Matches: a rule ends at the first that fails.
    case transport(TransportProtocol)
    case portWithin(Side, PortRange)
    case inSet(Key, set: String)
    /// Conntrack has translated the destination of this connection.
    case destinationTranslated
    /// The destination is an address of this host.
    case destinationIsLocal

    // Actions. A lookup that finds nothing ends the rule like a failed match.
    case verdictMap(Key, map: String)
    /// Destination NAT to the value of the map: an address, with a port where `hasPort`.
    case destinationNAT(AddressFamily, Key, map: String, hasPort: Bool)
    case sourceNAT(AddressFamily, Key, map: String, ports: PortRange)
    case masquerade(ports: PortRange)
    case setMAC(Side, Key, map: String)
    /// Out of the device that the map names, past the IP stack.
    case forward(Key, map: String)
    case notrack
    case counter
    case reject(RejectReason)
    case verdict(RuleVerdict)

    /// A rule found in the kernel that we did not write, in the kernel's own terms; never sent.
    case unknown(String)
}

public enum Side: Sendable, Hashable { case source, destination }

public enum RejectReason: Sendable, Hashable {
    case tcpReset
    /// ICMP or ICMPv6 "administratively prohibited", by the packet's family.
    case administrativelyProhibited
}

public enum RuleVerdict: Sendable, Hashable {
    case accept, drop
    case jump(String)
    case goto(String)
}

/// Fields of a packet, concatenated: what a set is asked for.
public struct Key: Sendable, Hashable {
    public let parts: [KeyPart]

    public init(_ parts: KeyPart...) { self.parts = parts }
    public init(_ parts: [KeyPart]) { self.parts = parts }
}

public enum KeyPart: Sendable, Hashable {
    case address(Side, AddressFamily)
    case transport
    case port(Side)
    case mac(Side)
    /// Of the connection as the client sees it, from conntrack.
    case originalDestination(AddressFamily)
    case originalDestinationPort
    case slot(SlotSelector)

    public var field: Field {
        switch self {
        case .address(_, let family), .originalDestination(let family): .address(family)
        case .transport: .transport
        case .port, .originalDestinationPort: .port
        case .mac: .mac
        case .slot(let selector): .slot(modulus: selector.modulus)
        }
    }
}

/// What picks a slot, 0 ..< modulus.
public enum SlotSelector: Sendable, Hashable {
    /// jhash over the fields as they stand in registers, scaled to the modulus (net/netfilter/nft_hash.c).
    case hash([KeyPart], modulus: UInt32, seed: UInt32)
    /// Evenly random for each packet that asks.
    case random(modulus: UInt32)
    /// The rule's own counter: 0, 1, 2 … and round again.
    case counter(modulus: UInt32)

    public var modulus: UInt32 {
        switch self {
        case .hash(_, let modulus, _), .random(let modulus), .counter(let modulus): modulus
        }
    }
}
