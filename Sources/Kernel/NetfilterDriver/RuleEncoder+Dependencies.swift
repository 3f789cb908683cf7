import CNetfilter
import NetTypes
import Ruleset

/// What earlier matches of a rule have made certain, so that nft does not ask again.
struct KnownLayers {
    var isEthernet = false
    var network: AddressFamily?
    var transport: TransportProtocol?
}

extension RuleEncoder {
    mutating func require(_ part: KeyPart) {
        switch part {
        case .address(_, let family), .network(_, let family, _): require(family)
        case .mac: requireEthernet()
        case .slot(.hash(let inputs, _, _, _)): for input in inputs { require(input) }
        case .transport, .port, .mark, .originalDestination, .originalDestinationPort, .quoted, .slot: break
        }
    }

    mutating func require(_ network: AddressFamily) {
        guard known.network != network else { return }
        known.network = network
        if family == .inet, !known.isEthernet {
            let number = network == .ipv4 ? NFPROTO_IPV4 : NFPROTO_IPV6
            append(.meta(NFT_META_NFPROTO, into: .first), .compare(.first, NFT_CMP_EQ, [UInt8(number)]))
        } else {
            append(known.isEthernet ? .payload(.etherType, into: .first) : .meta(NFT_META_PROTOCOL, into: .first))
            append(.compare(.first, NFT_CMP_EQ, networkOctets(UInt16(network == .ipv4 ? 0x0800 : 0x86DD))))
        }
    }

    mutating func requireEthernet() {
        guard !known.isEthernet else { return }
        known.isEthernet = true
        // ARPHRD_ETHER of linux/if_arp.h
        append(.meta(NFT_META_IFTYPE, into: .first), .compare(.first, NFT_CMP_EQ, hostOctets(UInt16(1))))
    }

    mutating func require(_ transport: TransportProtocol) {
        if known.transport != transport { match(transport) }
    }

    mutating func match(_ transport: TransportProtocol) {
        known.transport = transport
        append(.meta(NFT_META_L4PROTO, into: .first), .compare(.first, NFT_CMP_EQ, [transport.rawValue]))
    }
}
