import NetTypes

extension Rule: CustomStringConvertible {
    public var description: String { text(counter: nil) }

    /// In nft's syntax.
    public func text(counter: RuleCounter?) -> String {
        statements.map { statement in
            if case .counter = statement, let counter { return "counter packets \(counter.packets) bytes \(counter.bytes)" }
            return statement.text
        }.joined(separator: " ")
    }
}

extension Statement {
    fileprivate var text: String {
        switch self {
        case .transport(let transport): "meta l4proto \(transport)"
        case .portWithin(let side, let ports): "\(side.port) \(ports)"
        case .inSet(let key, let set): "\(key) @\(set)"
        case .destinationTranslated: "ct status dnat"
        case .destinationIsLocal: "fib daddr type local"
        case .verdictMap(let key, let map): "\(key) vmap @\(map)"
        case .destinationNAT(let family, let key, let map, let hasPort):
            "dnat \(family.keyword) \(hasPort ? "addr . port " : "")to \(key) map @\(map)"
        case .sourceNAT(let family, let key, let map, let ports): "snat \(family.keyword) to \(key) map @\(map) : \(ports)"
        case .masquerade(let ports): "masquerade to :\(ports)"
        case .setMAC(let side, let key, let map): "\(side.mac) set \(key) map @\(map)"
        case .forward(let key, let map): "fwd to \(key) map @\(map)"
        case .notrack: "notrack"
        case .counter: "counter"
        case .reject(.tcpReset): "reject with tcp reset"
        case .reject(.administrativelyProhibited): "reject with icmpx admin-prohibited"
        case .verdict(.accept): "accept"
        case .verdict(.drop): "drop"
        case .verdict(.jump(let chain)): "jump \(chain)"
        case .verdict(.goto(let chain)): "goto \(chain)"
        case .unknown(let code): "# not ours: \(code.split(whereSeparator: \.isNewline).joined(separator: " "))"
        }
    }
}

extension Key: CustomStringConvertible {
    public var description: String { parts.map(\.text).joined(separator: " . ") }
}

extension KeyPart {
    fileprivate var text: String {
        switch self {
        case .address(let side, let family): "\(family.keyword) \(side == .source ? "saddr" : "daddr")"
        case .transport: "meta l4proto"
        case .port(let side): side.port
        case .mac(let side): side.mac
        case .originalDestination(let family): "ct original \(family.keyword) daddr"
        case .originalDestinationPort: "ct original proto-dst"
        case .slot(let selector): selector.text
        }
    }
}

extension SlotSelector {
    fileprivate var text: String {
        switch self {
        case .hash(let parts, let modulus, let seed):
            "jhash \(parts.map(\.text).joined(separator: " . ")) mod \(modulus) seed 0x\(String(seed, radix: 16))"
        case .random(let modulus): "numgen random mod \(modulus)"
        case .counter(let modulus): "numgen inc mod \(modulus)"
        }
    }
}

extension Side {
    fileprivate var port: String { self == .source ? "th sport" : "th dport" }
    fileprivate var mac: String { self == .source ? "ether saddr" : "ether daddr" }
}

extension AddressFamily {
    /// `ip` or `ip6`
    public var keyword: String { self == .ipv4 ? "ip" : "ip6" }
}
