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
        case .direction(let isReply): "ct direction \(isReply ? "reply" : "original")"
        case .destinationIsLocal: "fib daddr type local"
        case .tcpFlags(let flags, let mask): "tcp flags & \(mask.words) == \(flags.words)"
        case .neighbourDiscovery: "icmpv6 type 133-137"
        case .connectionState(let state): "ct state \(state.rawValue)"
        case .frameForOthers: "meta pkttype != host"
        case .frame(let family): "ether type \(family.keyword)"
        case .controlMessage(let family): "meta l4proto \(family.controlProtocol)"
        case .errorReport(let type, let family):
            "\(family == .ipv4 ? "icmp" : "icmpv6") type \(family.errorName(type))\(family == .ipv4 ? " @th,64,8 0x45" : "")"
        case .marked(let bits): "meta mark & 0x\(padded(bits)) != 0x00000000"
        case .rate(let rate, let isOver): rate.text(isOver: isOver)
        case .rateOver(let rate, let key, let set): "update @\(set) { \(key) \(rate.text(isOver: true)) }"
        case .connectionsOver(let count, let key, let set): "add @\(set) { \(key) ct count over \(count) }"
        case .verdictMap(let key, let map): "\(key) vmap @\(map)"
        case .destinationNAT(let family, let key, let map, let hasPort):
            "dnat \(family.keyword) \(hasPort ? "addr . port " : "")to \(key) map @\(map)"
        case .sourceNAT(let family, let key, let map, let ports):
            "snat \(family.keyword) to \(key) map @\(map)\(ports.map { " : \($0)" } ?? "")"
        case .masquerade(let ports): "masquerade\(ports.map { " to :\($0)" } ?? "")"
        case .setMAC(let side, let key, let map): "\(side.mac) set \(key) map @\(map)"
        case .setMACTo(let side, let mac): "\(side.mac) set \(mac)"
        case .forwardOut(let device): "fwd to \"\(device.name)\""
        case .forward(let key, let map): "fwd to \(key) map @\(map)"
        case .setAddress(let side, let family, let key, let map):
            "\(KeyPart.address(side, family).text) set \(key) map @\(map)"
        case .setPort(let side, let transport, let key, let map):
            "\(transport == .udp ? "udp checksum != 0 " : "")\(transport) \(side.portWord) set \(key) map @\(map)"
        case .setUncheckedPort(let side, let key, let map):
            "udp checksum 0 udp \(side.portWord) set \(key) map @\(map) udp checksum set 0"
        case .setQuotedSource(let family, let key, let map):
            "\(QuotedField.address(.source).text(family)) set \(key) map @\(map)"
        case .setQuotedPort(let family, let key, let map): "\(QuotedField.port(.source).text(family)) set \(key) map @\(map)"
        case .forwardToNeighbour(let family, let key, let map):
            "fwd \(family.keyword) to \(KeyPart.address(.destination, family).text) device \(key) map @\(map)"
        case .note(let key, let set): "update @\(set) { \(key) }"
        case .remember(let key, let map, let value, let seconds):
            "update @\(map) { \(key)\(seconds.map { " timeout \(timeText($0))" } ?? "") : \(value.text) }"
        case .forget(let key, let map, let value): "delete @\(map) { \(key) : \(value.text) }"
        case .assignHelper(let name): "ct helper set \"\(name)\""
        case .setMark(let mark): "meta mark set meta mark | 0x\(padded(mark))"
        case .clearMark(let bits): "meta mark set meta mark & 0x\(padded(~bits))"
        case .log(let prefix): "log prefix \"\(prefix)\""
        case .synProxy(let options): "synproxy mss \(options.segmentSize) wscale \(options.windowScale) timestamp sack-perm"
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
        case .network(let side, let family, let bits): "\(KeyPart.address(side, family).text) & \(family.mask(bits))"
        case .transport: "meta l4proto"
        case .port(let side): side.port
        case .mac(let side): side.mac
        case .mark(let bits): "meta mark & 0x\(padded(bits))"
        case .originalDestination(let family): "ct original \(family.keyword) daddr"
        case .originalDestinationPort: "ct original proto-dst"
        case .slot(let selector): selector.text
        case .quoted(let field, let family): field.text(family)
        }
    }
}

extension QuotedField {
    /// `@th,192,32`: base, then place and length in bits.
    fileprivate func text(_ family: AddressFamily) -> String {
        "@th,\(offset(family) * 8),\(KeyPart.quoted(self, family).field.length * 8)"
    }
}

extension AddressFamily {
    fileprivate var controlProtocol: String { self == .ipv4 ? "icmp" : "ipv6-icmp" }

    fileprivate func errorName(_ type: UInt8) -> String {
        let names: [UInt8: String] =
            self == .ipv4
            ? [3: "destination-unreachable", 11: "time-exceeded", 12: "parameter-problem"]
            : [1: "destination-unreachable", 2: "packet-too-big", 3: "time-exceeded", 4: "parameter-problem"]
        return names[type] ?? "\(type)"
    }
}

extension SlotSelector {
    fileprivate var text: String {
        let choice =
            switch self {
            case .hash(let parts, let modulus, let seed, _):
                "jhash \(parts.map(\.text).joined(separator: " . ")) mod \(modulus) seed 0x\(String(seed, radix: 16))"
            case .random(let modulus, _): "numgen random mod \(modulus)"
            case .counter(let modulus, _): "numgen inc mod \(modulus)"
            case .symmetricHash(let modulus, _): "symhash mod \(modulus)"
            }
        return offset == 0 ? choice : "\(choice) offset \(offset)"
    }
}

extension RateLimit {
    fileprivate func text(isOver: Bool) -> String {
        "limit rate \(isOver ? "over " : "")\(count)/\(unit.rawValue) burst \(burst) packets"
    }
}

extension TCPFlags {
    /// `syn`, `(syn | ack)`, `0x0`
    fileprivate var words: String {
        let all: [(TCPFlags, String)] = [
            (.fin, "fin"), (.syn, "syn"), (.rst, "rst"), (.psh, "psh"), (.ack, "ack"), (.urg, "urg"),
        ]
        let words = all.filter { contains($0.0) }.map(\.1)
        return words.isEmpty ? "0x0" : words.count == 1 ? words[0] : "(\(words.joined(separator: " | ")))"
    }
}

/// As nft writes a time: `1d2h3m4s`, without the units that are 0.
func timeText(_ seconds: UInt32) -> String {
    let parts = [(seconds / 86400, "d"), (seconds / 3600 % 24, "h"), (seconds / 60 % 60, "m"), (seconds % 60, "s")]
    return parts.filter { $0.0 > 0 }.map { "\($0.0)\($0.1)" }.joined()
}

/// As nft writes a mark: with all its digits.
func padded(_ mark: UInt32) -> String {
    let digits = String(mark, radix: 16)
    return String(repeating: "0", count: 8 - digits.count) + digits
}

extension Side {
    fileprivate var portWord: String { self == .source ? "sport" : "dport" }
    fileprivate var port: String { "th \(portWord)" }
    fileprivate var mac: String { self == .source ? "ether saddr" : "ether daddr" }
}

extension AddressFamily {
    /// The mask of a network: so many bits set, then none.
    public func mask(_ bits: Int) -> IPAddress {
        switch self {
        case .ipv4: IPAddress(v4: bits == 0 ? 0 : UInt32.max << UInt32(32 - bits))
        case .ipv6:
            IPAddress(v6: bits == 0 ? 0 : UInt64.max << UInt64(max(0, 64 - bits)), bits <= 64 ? 0 : UInt64.max << UInt64(128 - bits))
        }
    }

    /// `ip` or `ip6`
    public var keyword: String { self == .ipv4 ? "ip" : "ip6" }
}
