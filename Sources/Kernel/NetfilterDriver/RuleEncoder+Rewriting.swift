import CNetfilter
import NetTypes
import Ruleset

/// Packets are changed and sent on without conntrack.
extension RuleEncoder {
    mutating func setMAC(_ side: Side, _ key: Key, _ map: String) {
        requireEthernet()
        write(key, map, to: side.mac, .none)
    }

    mutating func setMAC(_ side: Side, _ mac: MACAddress) {
        requireEthernet()
        append(.immediate(mac.octets, into: .first), .write(.first, to: side.mac, .none))
    }

    mutating func setAddress(_ side: Side, _ family: AddressFamily, _ key: Key, _ map: String) {
        require(family)
        write(key, map, to: family.field(side), family == .ipv4 ? .internetHeader : .pseudoHeader)
    }

    mutating func setPort(_ side: Side, _ transport: TransportProtocol, _ key: Key, _ map: String) {
        require(transport)
        if transport == .udp { matchChecksum(NFT_CMP_NEQ) }
        write(key, map, to: side.port, .transport(transport))
    }

    /// The kernel mends the checksum of every port that it writes, also that which a datagram does not have: then it is taken away again.
    mutating func setUncheckedPort(_ side: Side, _ key: Key, _ map: String) {
        require(.udp)
        matchChecksum(NFT_CMP_EQ)
        write(key, map, to: side.port, .transport(.udp))
        append(.immediate([0, 0], into: .first), .write(.first, to: .udpChecksum, .transport(.udp)))
    }

    mutating func setQuotedSource(_ family: AddressFamily, _ key: Key, _ map: String) {
        write(key, map, to: .quoted(.address(.source), family), family == .ipv4 ? .quotedHeader : .controlMessage)
    }

    mutating func setQuotedPort(_ family: AddressFamily, _ key: Key, _ map: String) {
        write(key, map, to: .quoted(.port(.source), family), .controlMessage)
    }

    private mutating func matchChecksum(_ comparison: nft_cmp_ops) {
        append(.payload(.udpChecksum, into: .first), .compare(.first, comparison, [0, 0]))
    }

    private mutating func write(_ key: Key, _ map: String, to field: PacketField, _ checksum: PacketField.Checksum) {
        lookup(key, map, into: Register.first.number)
        append(.write(.first, to: field, checksum))
    }

    mutating func forward(_ key: Key, _ map: String) {
        lookup(key, map, into: Register.first.number)
        append(Expression("fwd").with(NFTNL_EXPR_FWD_SREG_DEV, Register.first))
    }

    mutating func forward(out device: NetworkDevice) {
        append(
            .immediate(hostOctets(device.index), into: .first), Expression("fwd").with(NFTNL_EXPR_FWD_SREG_DEV, Register.first))
    }

    mutating func forward(to family: AddressFamily, _ key: Key, _ map: String) {
        for part in key.parts { require(part) }
        require(family)
        lookup(key, map, into: Register.first.number)
        // Behind the four registers that nft keeps for the device.
        let address = Register(word: 4)
        append(
            .payload(family.field(.destination), into: address),
            Expression("fwd").with(NFTNL_EXPR_FWD_SREG_DEV, Register.first).with(NFTNL_EXPR_FWD_SREG_ADDR, address)
                .with(NFTNL_EXPR_FWD_NFPROTO, UInt32(family == .ipv4 ? NFPROTO_IPV4 : NFPROTO_IPV6)))
    }
}
