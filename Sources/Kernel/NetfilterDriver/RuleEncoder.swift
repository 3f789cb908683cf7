import CNetfilter
import NetTypes
import Ruleset

/// Writes a rule as the expressions that nft 1.0.6 makes of its text, with the dependencies that nft adds on its own.
struct RuleEncoder {
    private let family: TableFamily
    /// Whether the set of a name holds ranges: these are looked up in network order throughout.
    private let isInterval: (String) -> Bool
    private var expressions: [Expression] = []
    private var knownNetwork: AddressFamily?
    private var linkIsEthernet = false

    private init(_ family: TableFamily, isInterval: @escaping (String) -> Bool) {
        (self.family, self.isInterval) = (family, isInterval)
    }

    /// The rule's expressions, in order; they belong to the caller.
    static func expressions(_ rule: Rule, in family: TableFamily, isInterval: @escaping (String) -> Bool) -> [Expression] {
        var encoder = RuleEncoder(family, isInterval: isInterval)
        if rule.needsTCP { encoder.encode(.transport(.tcp)) }
        for statement in rule.statements { encoder.encode(statement) }
        return encoder.expressions
    }

    private mutating func encode(_ statement: Statement) {
        switch statement {
        case .transport(let transport):
            append(.meta(NFT_META_L4PROTO, into: .first), .compare(.first, NFT_CMP_EQ, [transport.rawValue]))
        case .portWithin(let side, let ports): matchPort(side, ports)
        case .inSet(let key, let set): lookup(key, set)
        case .destinationTranslated:
            append(
                .conntrack(NFT_CT_STATUS, into: .first), .mask(.first, hostOctets(IPS_DST_NAT.rawValue)),
                .compare(.first, NFT_CMP_NEQ, hostOctets(UInt32(0))))
        case .destinationIsLocal:
            // RTN_LOCAL of linux/rtnetlink.h
            append(.destinationKind(into: .first), .compare(.first, NFT_CMP_EQ, hostOctets(UInt32(2))))
        case .verdictMap(let key, let map): lookup(key, map, into: NFT_REG_VERDICT.rawValue)
        case .destinationNAT(let family, let key, let map, let hasPort): translateDestination(family, key, map, hasPort: hasPort)
        case .sourceNAT(let family, let key, let map, let ports): translateSource(family, key, map, ports)
        case .masquerade(let ports): masquerade(ports)
        case .setMAC(let side, let key, let map):
            requireEthernet()
            lookup(key, map, into: Register.first.number)
            append(.write(.first, to: side == .source ? .macSource : .macDestination))
        case .forward(let key, let map):
            lookup(key, map, into: Register.first.number)
            append(Expression("fwd").with(NFTNL_EXPR_FWD_SREG_DEV, Register.first))
        case .notrack: append(Expression("notrack"))
        case .counter: append(.counter)
        case .reject(.tcpReset): append(.reject(NFT_REJECT_TCP_RST, code: 0))
        case .reject(.administrativelyProhibited):
            append(.reject(NFT_REJECT_ICMPX_UNREACH, code: UInt8(NFT_REJECT_ICMPX_ADMIN_PROHIBITED.rawValue)))
        case .verdict(let verdict): append(verdict.expression)
        case .tcpFlags, .connectionState, .rate, .rateOver, .connectionsOver, .setAddress, .setPort, .forwardToNeighbour, .note, .remember, .forget,
            .assignHelper, .setMark, .log:
            preconditionFailure("not encoded yet: \(statement)")
        case .unknown(let text): preconditionFailure("a rule that is not ours cannot be sent: \(text)")
        }
    }

    private mutating func append(_ new: Expression...) { expressions += new }

    private mutating func matchPort(_ side: Side, _ ports: PortRange) {
        append(.payload(side == .source ? .sourcePort : .destinationPort, into: .first))
        if ports.isSingle {
            append(.compare(.first, NFT_CMP_EQ, networkOctets(ports.first)))
        } else {
            append(.compare(.first, NFT_CMP_GTE, networkOctets(ports.first)), .compare(.first, NFT_CMP_LTE, networkOctets(ports.last)))
        }
    }
}

// MARK: - Translation

extension RuleEncoder {
    private mutating func translateDestination(_ family: AddressFamily, _ key: Key, _ map: String, hasPort: Bool) {
        lookup(key, map, into: Register.first.number)
        let nat = Self.nat(NFT_NAT_DNAT, family)
        append(hasPort ? nat.with(NFTNL_EXPR_NAT_REG_PROTO_MIN, Register.first + family.addressLength / 4) : nat)
    }

    private mutating func translateSource(_ family: AddressFamily, _ key: Key, _ map: String, _ ports: PortRange) {
        lookup(key, map, into: Register.first.number)
        // Behind the four registers that nft keeps for an address of any family.
        let registers = load(ports, from: Register(word: 4))
        append(
            Self.nat(NFT_NAT_SNAT, family).with(NFTNL_EXPR_NAT_REG_PROTO_MIN, registers.first)
                .with(NFTNL_EXPR_NAT_REG_PROTO_MAX, registers.last).with(NFTNL_EXPR_NAT_FLAGS, UInt32(NF_NAT_RANGE_PROTO_SPECIFIED)))
    }

    private mutating func masquerade(_ ports: PortRange) {
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

// MARK: - Keys

extension RuleEncoder {
    /// Loads the key into consecutive registers and looks it up; a found value goes to `destination`.
    private mutating func lookup(_ key: Key, _ set: String, into destination: UInt32? = nil) {
        for part in key.parts { require(part) }
        let keyRegisters = key.parts.reduce(0) { $0 + $1.field.registerLength / 4 }
        // nft keeps four registers for the result, then the key's own length again.
        let scratch = Register(word: (destination == nil ? 0 : 4) + (key.parts.count > 1 ? keyRegisters : 0))
        let isInterval = isInterval(set)
        var register = Register.first
        var parts: [(KeyPart, Register)] = []
        for part in key.parts {
            parts.append((part, register))
            register = register + part.field.registerLength / 4
        }
        // A hash whose input finds no room behind the key is taken first, from registers that the key overwrites.
        if let early = parts.firstIndex(where: { $0.0.hashInputRegisters + scratch.word > Register.count }) {
            let (part, register) = parts.remove(at: early)
            load(part, into: register, scratch: .first, isInterval: isInterval)
        }
        for (part, register) in parts { load(part, into: register, scratch: scratch, isInterval: isInterval) }
        append(.lookup(.first, in: set, into: destination))
    }

    private mutating func load(_ part: KeyPart, into register: Register, scratch: Register, isInterval: Bool) {
        switch part {
        case .address(let side, let family): append(.payload(family.field(side), into: register))
        case .transport: append(.meta(NFT_META_L4PROTO, into: register))
        case .port(let side): append(.payload(side == .source ? .sourcePort : .destinationPort, into: register))
        case .mac(let side): append(.payload(side == .source ? .macSource : .macDestination, into: register))
        case .originalDestination(let family):
            append(.conntrack(family == .ipv4 ? NFT_CT_DST_IP : NFT_CT_DST_IP6, original: true, into: register))
        case .originalDestinationPort: append(.conntrack(NFT_CT_PROTO_DST, original: true, into: register))
        case .slot(let selector):
            select(selector, into: register, scratch: scratch)
            // Ranges are compared octet by octet, so nft turns numbers of the host's order round.
            if isInterval { append(.networkOrder(register, length: 4)) }
        }
    }

    private mutating func select(_ selector: SlotSelector, into register: Register, scratch: Register) {
        switch selector {
        case .random(let modulus): append(.numgen(NFT_NG_RANDOM, modulus: modulus, into: register))
        case .symmetricHash: preconditionFailure("not encoded yet")
        case .counter(let modulus): append(.numgen(NFT_NG_INCREMENTAL, modulus: modulus, into: register))
        case .hash(let inputs, let modulus, let seed):
            var source = scratch
            for input in inputs {
                load(input, into: source, scratch: scratch, isInterval: false)
                source = source + input.field.registerLength / 4
            }
            let length = inputs.count == 1 ? inputs[0].field.length : (source.word - scratch.word) * 4
            append(.jhash(scratch, length: length, modulus: modulus, seed: seed, into: register))
        }
    }
}

// MARK: - Dependencies

extension RuleEncoder {
    private mutating func require(_ part: KeyPart) {
        switch part {
        case .address(_, let family): require(family)
        case .mac: requireEthernet()
        case .slot(.hash(let inputs, _, _)): for input in inputs { require(input) }
        case .transport, .port, .originalDestination, .originalDestinationPort, .slot: break
        }
    }

    private mutating func require(_ network: AddressFamily) {
        guard knownNetwork != network else { return }
        knownNetwork = network
        if family == .inet, !linkIsEthernet {
            let number = network == .ipv4 ? NFPROTO_IPV4 : NFPROTO_IPV6
            append(.meta(NFT_META_NFPROTO, into: .first), .compare(.first, NFT_CMP_EQ, [UInt8(number)]))
        } else {
            append(linkIsEthernet ? .payload(.etherType, into: .first) : .meta(NFT_META_PROTOCOL, into: .first))
            append(.compare(.first, NFT_CMP_EQ, networkOctets(UInt16(network == .ipv4 ? 0x0800 : 0x86DD))))
        }
    }

    private mutating func requireEthernet() {
        guard !linkIsEthernet else { return }
        linkIsEthernet = true
        // ARPHRD_ETHER of linux/if_arp.h
        append(.meta(NFT_META_IFTYPE, into: .first), .compare(.first, NFT_CMP_EQ, hostOctets(UInt16(1))))
    }
}

extension Rule {
    /// nft puts the match that `reject with tcp reset` needs before everything else.
    fileprivate var needsTCP: Bool { statements.contains(.reject(.tcpReset)) && !statements.contains(.transport(.tcp)) }
}

extension RuleVerdict {
    fileprivate var expression: Expression {
        switch self {
        case .accept: .verdict(NF_ACCEPT)
        case .drop: .verdict(NF_DROP)
        case .jump(let chain): .verdict(NFT_JUMP.rawValue, chain: chain)
        case .goto(let chain): .verdict(NFT_GOTO.rawValue, chain: chain)
        }
    }
}

extension KeyPart {
    fileprivate var hashInputRegisters: Int {
        guard case .slot(.hash(let inputs, _, _)) = self else { return 0 }
        return inputs.reduce(0) { $0 + $1.field.registerLength / 4 }
    }
}

extension AddressFamily {
    fileprivate func field(_ side: Side) -> PacketField {
        switch (self, side) {
        case (.ipv4, .source): .source4
        case (.ipv4, .destination): .destination4
        case (.ipv6, .source): .source6
        case (.ipv6, .destination): .destination6
        }
    }
}

/// Not for Int, which a literal would be: the kernel compares as many octets as it is given.
protocol RegisterNumber: FixedWidthInteger {}
extension UInt16: RegisterNumber {}
extension UInt32: RegisterNumber {}
extension Int32: RegisterNumber {}

func hostOctets(_ number: some RegisterNumber) -> [UInt8] { withUnsafeBytes(of: number) { Array($0) } }
func networkOctets(_ number: some RegisterNumber) -> [UInt8] { withUnsafeBytes(of: number.bigEndian) { Array($0) } }
