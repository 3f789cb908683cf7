import NetTypes

extension Ruleset: CustomStringConvertible {
    public var description: String { text() }

    /// The ruleset in nft's syntax: sorted, deterministic, accepted by `nft -f` (1.0.6 and later).
    ///
    /// `fragments`: only the elements of these farms; nil writes all of them.
    /// `counters`: packets and bytes by chain and rule, written where a rule counts.
    /// `elementCounters`: the same by set and element.
    public func text(
        fragments: Set<Fragment>? = nil, counters: [TableFamily: [String: [RuleCounter?]]] = [:],
        elementCounters: [TableFamily: [String: ElementCounters]] = [:]
    ) -> String {
        tables.map {
            $0.text(fragments: fragments, counters: counters[$0.family] ?? [:], elementCounters: elementCounters[$0.family] ?? [:])
        }.joined(separator: "\n")
    }
}

/// What the elements of a set have counted, by `ElementTable.identity`.
public typealias ElementCounters = [[UInt8]: RuleCounter]

/// What a rule, or an element of a set, has counted so far.
public struct RuleCounter: Sendable, Hashable {
    public let packets: UInt64
    public let bytes: UInt64
    public init(packets: UInt64, bytes: UInt64) { (self.packets, self.bytes) = (packets, bytes) }
}

extension TableFamily: CustomStringConvertible {
    public var description: String { self == .inet ? "inet" : "netdev" }
}

extension Table {
    fileprivate func text(
        fragments: Set<Fragment>?, counters: [String: [RuleCounter?]], elementCounters: [String: ElementCounters]
    ) -> String {
        let parts =
            helpers.map(\.text) + sets.map { $0.text(fragments: fragments, counters: elementCounters[$0.name] ?? [:]) }
            + chains.map { $0.text(counters: counters[$0.name] ?? []) }
        return "table \(family) \(Ruleset.tableName) {\n" + parts.joined(separator: "\n") + "}\n"
    }
}

extension HelperObject {
    fileprivate var text: String { "\tct helper \(name) {\n\t\ttype \"\(type)\" protocol \(transport)\n\t\tl3proto inet\n\t}\n" }
}

extension SetType {
    fileprivate var dynamicText: String {
        guard let dynamic else { return "" }
        let timeout = dynamic.timeout.map { "\t\ttimeout \(timeText($0))\n" } ?? ""
        return "\t\tsize \(dynamic.size)\n\t\tflags dynamic\(hasTimeouts ? ",timeout" : "")\n\(timeout)"
    }
}

extension ElementSet {
    fileprivate func text(fragments wanted: Set<Fragment>?, counters: ElementCounters) -> String {
        var text = "\t\(type.value == .none ? "set" : "map") \(name) {\n\t\t\(type.declaration)\n"
        if type.isInterval { text += "\t\tflags interval\n" }
        if type.isCounted { text += "\t\tcounter\n" }
        text += type.dynamicText
        let shown =
            wanted.map { wanted in
                ElementTable(merging: fragments.filter { wanted.contains($0.key) }.values, layout: type.layout)
            } ?? elements
        if !shown.isEmpty {
            text += "\t\telements = {\n"
            for index in 0..<shown.count {
                let counter = type.isCounted ? counters[Array(shown.identity(index))] : nil
                text += "\t\t\t\(type.text(shown, index, counter: counter))\(index + 1 < shown.count ? "," : "")\n"
            }
            text += "\t\t}\n"
        }
        return text + "\t}\n"
    }
}

extension SetType {
    /// `type …`, or `typeof …` where nft has no word for a field.
    fileprivate var declaration: String {
        func words(_ fields: [Field]) -> String {
            fields.map { isDeclaredByExpressions ? $0.expression : $0.typeName }.joined(separator: " . ")
        }
        let keyWords = (isDeclaredByExpressions ? "typeof " : "type ") + words(key)
        return switch value {
        case .none: keyWords
        case .verdict: "\(keyWords) : verdict"
        case .fields(let fields): "\(keyWords) : \(words(fields))"
        }
    }

    /// One element: `203.0.113.10 . tcp . 80 : goto select4-127-hash-saddr-sport`.
    public func text(_ rows: ElementTable, _ index: Int, counter: RuleCounter? = nil) -> String {
        let low = values(rows.key(index), key)
        let high = isInterval ? values(rows.keyEnd(index), key) : low
        let keyText = zip(low, high).map { $0 == $1 ? $0 : "\($0)-\($1)" }.joined(separator: " . ")
        let counted = counter.map { " counter packets \($0.packets) bytes \($0.bytes)" } ?? ""
        return switch value {
        case .none: keyText + counted
        case .verdict: "\(keyText)\(counted) : \(ElementTable.chain(rows.value(index)).map { "goto \($0)" } ?? "accept")"
        case .fields(let fields): "\(keyText)\(counted) : \(values(rows.value(index), fields).joined(separator: " . "))"
        }
    }

    private func values(_ octets: ArraySlice<UInt8>, _ fields: [Field]) -> [String] {
        var rest = octets
        return fields.map { field in
            let value = rest.prefix(field.length)
            rest = rest.dropFirst(fields.count == 1 ? field.length : field.registerLength)
            return field.text(value)
        }
    }
}

extension ElementTable {
    /// What stands for a chain's name in the verdict that accepts.
    public static let acceptance = ""

    /// The chain that a verdict's value names; nil for accept.
    public static func chain(_ value: ArraySlice<UInt8>) -> String? {
        let name = value.prefix { $0 != 0 }
        return name.isEmpty ? nil : String(decoding: name, as: UTF8.self)
    }
}

extension Field {
    fileprivate var typeName: String {
        switch self {
        case .address(let family): family == .ipv4 ? "ipv4_addr" : "ipv6_addr"
        case .transport: "inet_proto"
        case .port: "inet_service"
        case .mac: "ether_addr"
        case .device: "iface_index"
        case .mark: "mark"
        case .slot(let modulus): "numgen inc mod \(modulus)"
        }
    }

    /// A packet field of this type, for `typeof`.
    fileprivate var expression: String {
        switch self {
        case .address(let family): family == .ipv4 ? "ip daddr" : "ip6 daddr"
        case .transport: "meta l4proto"
        case .port: "th dport"
        case .mac: "ether daddr"
        case .device: "iif"
        case .mark: "meta mark"
        case .slot(let modulus): "numgen inc mod \(modulus)"
        }
    }

    fileprivate func text(_ octets: ArraySlice<UInt8>) -> String {
        switch self {
        case .address: IPAddress(octets: octets)?.description ?? "?"
        case .transport: octets.first.map { TransportProtocol(rawValue: $0)?.description ?? "\($0)" } ?? "?"
        case .port: "\(octets.reduce(0) { $0 << 8 | Int($1) })"
        case .mac: MACAddress(octets: octets)?.description ?? "?"
        case .slot, .device: "\(hostNumber(octets))"
        case .mark: "0x\(padded(hostNumber(octets)))"
        }
    }
}

/// A 32-bit number in the host's byte order.
func hostNumber(_ octets: some Collection<UInt8>) -> UInt32 {
    var number: UInt32 = 0
    withUnsafeMutableBytes(of: &number) { $0.copyBytes(from: octets.prefix(4)) }
    return number
}

extension Chain {
    fileprivate func text(counters: [RuleCounter?]) -> String {
        var text = "\tchain \(name) {\n"
        if let base { text += "\t\t\(base.text)\n" }
        for (index, rule) in rules.enumerated() {
            text += "\t\t\(rule.isBeyondNft ? Rule.remark : "")\(rule.text(counter: index < counters.count ? counters[index] : nil))\n"
        }
        return text + "\t}\n"
    }
}

extension Rule {
    /// What stands before a rule that nft lists, but would not load.
    public static let remark = "# listed, not read, by nft: "
}

extension BaseChain {
    fileprivate var text: String { "type \(kind.rawValue) hook \(hook.text) priority \(priority); policy accept;" }
}

extension BaseChain.Hook {
    fileprivate var text: String {
        switch self {
        case .prerouting: "prerouting"
        case .input: "input"
        case .postrouting: "postrouting"
        case .output: "output"
        case .forward: "forward"
        case .ingress(let device): "ingress device \"\(device)\""
        case .egress(let device): "egress device \"\(device)\""
        }
    }
}
