import CNetfilter
import NetTypes
import Ruleset

/// A field by its place in the packet.
struct PacketField {
    let base: nft_payload_bases
    let offset: UInt32
    let length: UInt32

    static let (macDestination, macSource) = (link(0, 6), link(6, 6))
    static let etherType = link(12, 2)
    static let (sourcePort, destinationPort) = (transport(0, 2), transport(2, 2))
    static let (source4, destination4) = (network(12, 4), network(16, 4))
    static let (source6, destination6) = (network(8, 16), network(24, 16))
    static let tcpFlags = transport(13, 1)
    static let udpChecksum = transport(6, 2)
    static let (controlType, quoteStart) = (transport(0, 1), transport(8, 1))

    static func quoted(_ field: QuotedField, _ family: AddressFamily) -> Self {
        transport(UInt32(field.offset(family)), UInt32(KeyPart.quoted(field, family).field.length))
    }

    private static func link(_ offset: UInt32, _ length: UInt32) -> Self {
        Self(base: NFT_PAYLOAD_LL_HEADER, offset: offset, length: length)
    }
    private static func network(_ offset: UInt32, _ length: UInt32) -> Self {
        Self(base: NFT_PAYLOAD_NETWORK_HEADER, offset: offset, length: length)
    }
    private static func transport(_ offset: UInt32, _ length: UInt32) -> Self {
        Self(base: NFT_PAYLOAD_TRANSPORT_HEADER, offset: offset, length: length)
    }
}

extension PacketField {
    /// Which checksums the kernel mends when it writes the field.
    enum Checksum {
        case none
        /// That of the IPv4 header, and the transport's, in which addresses count.
        case internetHeader
        /// The transport's alone; a UDP datagram without one is left alone.
        case pseudoHeader
        /// The transport's, in whose header the field stands; sctp's, a CRC over all of the packet, is made anew.
        case transport(TransportProtocol)
        /// That of an IPv4 header which an ICMP error quotes. The two changes leave ICMP's own as it was.
        case quotedHeader
        /// That of ICMP or ICMPv6.
        case controlMessage

        var kind: nft_payload_csum_types {
            switch self {
            case .none, .pseudoHeader: NFT_PAYLOAD_CSUM_NONE
            case .transport(.sctp): NFT_PAYLOAD_CSUM_SCTP
            case .internetHeader, .transport, .quotedHeader, .controlMessage: NFT_PAYLOAD_CSUM_INET
            }
        }

        /// From the beginning of the header that the field stands in.
        var offset: UInt32 {
            switch self {
            case .none, .pseudoHeader: 0
            case .internetHeader: 10
            case .transport(.tcp): 16
            case .transport(.udp): 6
            case .transport(.sctp): 8
            case .transport(let other): preconditionFailure("\(other) has no ports to write")
            case .quotedHeader: 8 + 10
            case .controlMessage: 2
            }
        }

        var flags: UInt32 {
            switch self {
            case .none, .transport, .quotedHeader, .controlMessage: 0
            case .internetHeader, .pseudoHeader: UInt32(NFT_PAYLOAD_L4CSUM_PSEUDOHDR.rawValue)
            }
        }
    }
}

extension Side {
    var port: PacketField { self == .source ? .sourcePort : .destinationPort }
    var mac: PacketField { self == .source ? .macSource : .macDestination }
}

extension AddressFamily {
    func field(_ side: Side) -> PacketField {
        switch (self, side) {
        case (.ipv4, .source): .source4
        case (.ipv4, .destination): .destination4
        case (.ipv6, .source): .source6
        case (.ipv6, .destination): .destination6
        }
    }
}
