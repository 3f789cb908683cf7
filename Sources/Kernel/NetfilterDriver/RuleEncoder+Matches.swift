import CNetfilter
import NetTypes
import Ruleset

extension RuleEncoder {
    mutating func match(_ side: Side, _ ports: PortRange) {
        append(.payload(side.port, into: .first))
        if ports.isSingle {
            append(.compare(.first, NFT_CMP_EQ, networkOctets(ports.first)))
        } else {
            append(.compare(.first, NFT_CMP_GTE, networkOctets(ports.first)), .compare(.first, NFT_CMP_LTE, networkOctets(ports.last)))
        }
    }

    mutating func match(_ flags: TCPFlags, among mask: TCPFlags) {
        require(.tcp)
        append(.payload(.tcpFlags, into: .first), .mask(.first, [mask.rawValue]), .compare(.first, NFT_CMP_EQ, [flags.rawValue]))
    }

    /// One bit of what conntrack says.
    mutating func matchConntrack(_ key: nft_ct_keys, _ bit: UInt32) {
        append(.conntrack(key, into: .first), .mask(.first, hostOctets(bit)), .compare(.first, NFT_CMP_NEQ, hostOctets(UInt32(0))))
    }

    mutating func match(marked bits: UInt32) {
        append(
            .meta(NFT_META_MARK, into: .first), .mask(.first, hostOctets(bits)), .compare(.first, NFT_CMP_NEQ, hostOctets(UInt32(0))))
    }

    mutating func matchNeighbourDiscovery() {
        require(.ipv6)
        require(.icmp6)
        append(
            .payload(.controlType, into: .first), .compare(.first, NFT_CMP_GTE, [133]), .compare(.first, NFT_CMP_LTE, [137]))
    }

    mutating func match(_ direction: ip_conntrack_dir) {
        append(.conntrack(NFT_CT_DIRECTION, into: .first), .compare(.first, NFT_CMP_EQ, [UInt8(direction.rawValue)]))
    }

    mutating func matchOthersFrame() {
        // PACKET_HOST of linux/if_packet.h is 0.
        append(.meta(NFT_META_PKTTYPE, into: .first), .compare(.first, NFT_CMP_NEQ, [0]))
    }

    /// By the frame's own type, which is a VLAN's where there is a tag; the kernel's idea of the protocol looks past it.
    mutating func match(frame family: AddressFamily) {
        requireEthernet()
        require(family)
    }

    mutating func matchControlProtocol(_ family: AddressFamily) {
        let number = family == .ipv4 ? IPPROTO_ICMP : IPPROTO_ICMPV6
        append(.meta(NFT_META_L4PROTO, into: .first), .compare(.first, NFT_CMP_EQ, [UInt8(number)]))
    }

    mutating func match(report type: UInt8, _ family: AddressFamily) {
        require(family)
        matchControlProtocol(family)
        append(.payload(.controlType, into: .first), .compare(.first, NFT_CMP_EQ, [type]))
        // Version 4 and a header of five words.
        if family == .ipv4 { append(.payload(.quoteStart, into: .first), .compare(.first, NFT_CMP_EQ, [0x45])) }
    }

    mutating func matchLocalDestination() {
        // RTN_LOCAL of linux/rtnetlink.h
        append(.destinationKind(into: .first), .compare(.first, NFT_CMP_EQ, hostOctets(UInt32(2))))
    }
}

extension ConnectionState {
    /// NF_CT_STATE_BIT of linux/netfilter/nf_conntrack_common.h
    var bit: UInt32 {
        switch self {
        case .invalid: 1
        case .established: 2
        case .related: 4
        case .new: 8
        case .untracked: 64
        }
    }
}
