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
    /// The packet goes the way of its connection's first packet, or (`isReply`) of the answers to it.
    case direction(isReply: Bool)
    /// The destination is an address of this host.
    case destinationIsLocal
    /// tcp: of the flags `among`, exactly `flags` are set.
    case tcpFlags(TCPFlags, among: TCPFlags)
    case connectionState(ConnectionState)
    /// ICMPv6 by which neighbours and routers find each other (RFC 4861): types 133–137.
    case neighbourDiscovery
    /// netdev: the frame is not addressed to the device itself.
    case frameForOthers
    /// netdev: the frame carries this family, without a VLAN's tag.
    case frame(AddressFamily)
    /// ICMP or ICMPv6.
    case controlMessage(AddressFamily)
    /// ICMP or ICMPv6 of this type, which quotes a packet: for IPv4 one without options.
    case errorReport(UInt8, AddressFamily)
    /// Any of these bits of the packet mark is set.
    case marked(UInt32)
    /// The rule has met fewer packets than the rate allows, or (`isOver`) more.
    case rate(RateLimit, isOver: Bool)
    /// Packets with this key exceed the rate. A full set ends the rule like a failed match.
    case rateOver(RateLimit, Key, set: String)
    /// More connections than this are open with this key. A full set ends the rule like a failed match.
    case connectionsOver(UInt32, Key, set: String)

    // Actions. A lookup that finds nothing ends the rule like a failed match.
    case verdictMap(Key, map: String)
    /// Destination NAT to the value of the map: an address, with a port where `hasPort`.
    case destinationNAT(AddressFamily, Key, map: String, hasPort: Bool)
    /// `ports`: what a source port may become; nil for packets without ports.
    case sourceNAT(AddressFamily, Key, map: String, ports: PortRange?)
    case masquerade(ports: PortRange?)
    case setMAC(Side, Key, map: String)
    case setMACTo(Side, MACAddress)
    /// Rewrites an address of the packet, its checksums included, without conntrack.
    case setAddress(Side, AddressFamily, Key, map: String)
    /// Rewrites a port likewise; `transport` says where its checksum stands. A UDP datagram without a checksum does not match.
    case setPort(Side, TransportProtocol, Key, map: String)
    /// The source address of the packet that an ICMP error quotes, checksums included.
    case setQuotedSource(AddressFamily, Key, map: String)
    /// Its source port; its own checksum, which few reports quote, stays as it is.
    case setQuotedPort(AddressFamily, Key, map: String)
    /// The same for UDP datagrams without a checksum (0, RFC 768), for which the kernel would make up a wrong one; others do not match.
    case setUncheckedPort(Side, Key, map: String)
    /// Out of the device that the map names, past the IP stack.
    case forward(Key, map: String)
    /// Out of this device, likewise.
    case forwardOut(NetworkDevice)
    /// Likewise, to the neighbour `destination` of the packet's own, which the kernel resolves; the TTL is decremented.
    case forwardToNeighbour(AddressFamily, Key, map: String)
    /// Adds the key to a dynamic set, or renews it. A full set ends the rule like a failed match.
    case note(Key, set: String)
    /// Adds or renews the key in a dynamic map, with a field of the packet as its value; `seconds` where not the set's own timeout.
    case remember(Key, map: String, value: KeyPart, seconds: UInt32?)
    /// Deletes the key from a dynamic map; `value` is named because nft wants it, and does not matter.
    case forget(Key, map: String, value: KeyPart)
    /// The conntrack helper of this name, of the table's `helpers`.
    case assignHelper(String)
    /// Sets bits of the packet mark; the others stay as they are.
    case setMark(UInt32)
    /// Clears bits of the packet mark; the others stay as they are.
    case clearMark(UInt32)
    case log(prefix: String)
    /// Answers a SYN with a cookie, and an ACK that brings a right one by a SYN of its own to where the client meant to go; takes the
    /// packet in both cases. An ACK with a wrong one is dropped (net/netfilter/nft_synproxy.c).
    case synProxy(SynProxyOptions)
    case notrack
    case counter
    case reject(RejectReason)
    case verdict(RuleVerdict)

    /// A rule found in the kernel that we did not write, in the kernel's own terms; never sent.
    case unknown(String)
}

public enum Side: Sendable, Hashable { case source, destination }

/// The control bits of a TCP header (RFC 9293).
public struct TCPFlags: OptionSet, Sendable, Hashable {
    public let rawValue: UInt8
    public init(rawValue: UInt8) { self.rawValue = rawValue }

    public static let fin = TCPFlags(rawValue: 0x01)
    public static let syn = TCPFlags(rawValue: 0x02)
    public static let rst = TCPFlags(rawValue: 0x04)
    public static let psh = TCPFlags(rawValue: 0x08)
    public static let ack = TCPFlags(rawValue: 0x10)
    public static let urg = TCPFlags(rawValue: 0x20)
}

/// What conntrack says of a packet.
public enum ConnectionState: String, Sendable, Hashable, CaseIterable { case invalid, established, related, new, untracked }

/// So many packets a unit of time, and so many at once (a token bucket).
public struct RateLimit: Sendable, Hashable {
    public enum Unit: String, Sendable, Hashable, CaseIterable {
        case second, minute, hour, day
        public var seconds: UInt64 {
            switch self {
            case .second: 1
            case .minute: 60
            case .hour: 3600
            case .day: 86400
            }
        }
    }
    /// 1 or more.
    public let count: UInt64
    public let unit: Unit
    /// 1 or more; the bucket starts full.
    public let burst: UInt32

    public init(count: UInt64, per unit: Unit, burst: UInt32) { (self.count, self.unit, self.burst) = (count, unit, burst) }
}

/// What a SYN proxy says for the server before it has asked it.
public struct SynProxyOptions: Sendable, Hashable {
    /// Largest segment that the client may send.
    public let segmentSize: UInt16
    /// By how many bits the server's windows are shifted, 0–14 (RFC 7323).
    public let windowScale: UInt8

    public init(segmentSize: UInt16, windowScale: UInt8) { (self.segmentSize, self.windowScale) = (segmentSize, windowScale) }
}

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
    /// The address with all but its first bits cleared, 1 to the family's length.
    case network(Side, AddressFamily, bits: Int)
    case transport
    case port(Side)
    case mac(Side)
    /// These bits of the packet mark; the others count as 0.
    case mark(UInt32)
    /// Of the connection as the client sees it, from conntrack.
    case originalDestination(AddressFamily)
    case originalDestinationPort
    case slot(SlotSelector)
    /// Of the packet that an ICMP error quotes.
    case quoted(QuotedField, AddressFamily)

    public var field: Field {
        switch self {
        case .address(_, let family), .network(_, let family, _), .originalDestination(let family): .address(family)
        case .transport: .transport
        case .port, .originalDestinationPort: .port
        case .mac: .mac
        case .mark: .mark
        case .quoted(.address, let family): .address(family)
        case .quoted(.transport, _): .transport
        case .quoted(.port, _): .port
        case .slot(let selector): .slot(modulus: selector.modulus)
        }
    }
}

public enum QuotedField: Sendable, Hashable {
    case address(Side)
    case transport
    case port(Side)

    /// Where it stands behind the beginning of the ICMP header, in octets; IPv4 without options (RFC 792, RFC 4443).
    public func offset(_ family: AddressFamily) -> Int {
        let (header, quote) = (8, family == .ipv4 ? 20 : 40)
        return switch (self, family) {
        case (.transport, .ipv4): header + 9
        case (.transport, .ipv6): header + 6
        case (.address(.source), .ipv4): header + 12
        case (.address(.source), .ipv6): header + 8
        case (.address(.destination), .ipv4): header + 16
        case (.address(.destination), .ipv6): header + 24
        case (.port(.source), _): header + quote
        case (.port(.destination), _): header + quote + 2
        }
    }
}

extension Rule {
    /// nft (1.0.6) lists what reads or writes a quoted packet but does not take it back: it knows no types there.
    public var isBeyondNft: Bool {
        statements.contains { statement in
            switch statement {
            case .setQuotedSource, .setQuotedPort: true
            default: false
            }
        } || lookups.contains { $0.0.parts.contains(where: \.isQuoted) }
    }
}

extension KeyPart {
    fileprivate var isQuoted: Bool {
        switch self {
        case .quoted: true
        case .slot(.hash(let inputs, _, _, _)): inputs.contains(where: \.isQuoted)
        default: false
        }
    }
}

/// What picks a slot, offset ..< offset + modulus.
public enum SlotSelector: Sendable, Hashable {
    /// jhash over the fields as they stand in registers, scaled to the modulus (net/netfilter/nft_hash.c).
    case hash([KeyPart], modulus: UInt32, seed: UInt32, offset: UInt32 = 0)
    /// Evenly random for each packet that asks.
    case random(modulus: UInt32, offset: UInt32 = 0)
    /// The rule's own counter: 0, 1, 2 … and round again.
    case counter(modulus: UInt32, offset: UInt32 = 0)
    /// The kernel's flow hash, the same for both directions of a flow; its seed is made at boot.
    case symmetricHash(modulus: UInt32, offset: UInt32 = 0)

    public var modulus: UInt32 {
        switch self {
        case .hash(_, let modulus, _, _), .random(let modulus, _), .counter(let modulus, _), .symmetricHash(let modulus, _): modulus
        }
    }

    public var offset: UInt32 {
        switch self {
        case .hash(_, _, _, let offset), .random(_, let offset), .counter(_, let offset), .symmetricHash(_, let offset): offset
        }
    }
}
