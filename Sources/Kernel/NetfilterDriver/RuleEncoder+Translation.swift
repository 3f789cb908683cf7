import CNetfilter
import NetTypes
import Ruleset

extension RuleEncoder {
    mutating func translateDestination(_ family: AddressFamily, _ key: Key, _ map: String, hasPort: Bool) {
        lookup(key, map, into: Register.first.number)
        let nat = Self.nat(NFT_NAT_DNAT, family)
        append(hasPort ? nat.with(NFTNL_EXPR_NAT_REG_PROTO_MIN, Register.first + family.addressLength / 4) : nat)
    }

    mutating func translateSource(_ family: AddressFamily, _ key: Key, _ map: String, _ ports: PortRange?) {
        lookup(key, map, into: Register.first.number)
        guard let ports else { return append(Self.nat(NFT_NAT_SNAT, family)) }
        // Behind the four registers that nft keeps for an address of any family.
        let registers = load(ports, from: Register(word: 4))
        append(
            Self.nat(NFT_NAT_SNAT, family).with(NFTNL_EXPR_NAT_REG_PROTO_MIN, registers.first)
                .with(NFTNL_EXPR_NAT_REG_PROTO_MAX, registers.last).with(NFTNL_EXPR_NAT_FLAGS, UInt32(NF_NAT_RANGE_PROTO_SPECIFIED)))
    }

    mutating func masquerade(_ ports: PortRange?) {
        guard let ports else { return append(Expression("masq")) }
        let registers = load(ports, from: .first)
        append(
            Expression("masq").with(NFTNL_EXPR_MASQ_REG_PROTO_MIN, registers.first).with(NFTNL_EXPR_MASQ_REG_PROTO_MAX, registers.last)
                .with(NFTNL_EXPR_MASQ_FLAGS, UInt32(NF_NAT_RANGE_PROTO_SPECIFIED)))
    }

    private mutating func load(_ ports: PortRange, from register: Register) -> (first: Register, last: Register) {
        append(.immediate(networkOctets(ports.first), into: register))
        guard !ports.isSingle else { return (register, register) }
        append(.immediate(networkOctets(ports.last), into: register + 4))
        return (register, register + 4)
    }

    private static func nat(_ type: nft_nat_types, _ family: AddressFamily) -> Expression {
        Expression("nat").with(NFTNL_EXPR_NAT_TYPE, type.rawValue)
            .with(NFTNL_EXPR_NAT_FAMILY, UInt32(family == .ipv4 ? NFPROTO_IPV4 : NFPROTO_IPV6))
            .with(NFTNL_EXPR_NAT_REG_ADDR_MIN, .first)
    }
}
