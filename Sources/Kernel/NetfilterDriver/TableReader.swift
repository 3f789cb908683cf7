import CNetfilter
import NetTypes
import Ruleset

/// Makes a table of what the kernel dumps of it. What we would never have made is named in `foreign`.
struct TableReader {
    struct RecognisedSet {
        let name: String
        let type: SetType
        /// The kernel's own count of its elements.
        let count: UInt32?

        /// NFTA_SET_COUNT, not in the headers of Debian 12.
        static let countAttribute: UInt32 = 20
    }

    let family: TableFamily
    let expected: Table
    private(set) var sets: [RecognisedSet] = []
    private(set) var foreign: [String] = []
    private var elements: [String: ElementTable] = [:]
    private var chains: [Chain] = []
    private var helpers: [HelperObject] = []

    init(_ family: TableFamily, expected: Table?) {
        self.family = family
        self.expected = expected ?? Table(family: family)
    }

    var table: Table {
        let sets = sets.map { set in
            let rows = elements[set.name] ?? ElementTable(set.type.layout)
            return ElementSet(name: set.name, type: set.type, fragments: rows.isEmpty ? [:] : [.shared: rows])
        }
        return Table(family: family, helpers: helpers, sets: sets, chains: chains)
    }

    mutating func add(_ rows: ElementTable, to set: String, foreign: [String]) {
        elements[set] = rows
        self.foreign += foreign.map { "set \(set) of \(family): \($0)" }
    }

    mutating func add(_ rule: Rule, to chain: String) {
        guard let index = chains.firstIndex(where: { $0.name == chain }) else { return }
        chains[index].rules.append(rule)
    }
}

// MARK: - Sets

extension TableReader {
    mutating func readSet(_ attributes: Attributes) {
        var (name, flags, keyType, keyLength): (String, UInt32, UInt32, UInt32) = ("", 0, 0, 0)
        var (dataType, dataLength, userData, count): (UInt32, UInt32, [UInt8], UInt32?) = (0, 0, [], nil)
        var (size, timeout): (UInt32, UInt64) = (0, 0)
        var expressions = SetDefinition.ElementExpressions.none
        for attribute in attributes {
            switch UInt32(attribute.type) {
            case NFTA_SET_NAME.rawValue: name = attribute.string
            case NFTA_SET_FLAGS.rawValue: flags = attribute.number ?? 0
            case NFTA_SET_KEY_TYPE.rawValue: keyType = attribute.number ?? 0
            case NFTA_SET_KEY_LEN.rawValue: keyLength = attribute.number ?? 0
            case NFTA_SET_DATA_TYPE.rawValue: dataType = attribute.number ?? 0
            case NFTA_SET_DATA_LEN.rawValue: dataLength = attribute.number ?? 0
            case NFTA_SET_USERDATA.rawValue: userData = Array(attribute.content)
            case NFTA_SET_DESC.rawValue: size = attribute.first(NFTA_SET_DESC_SIZE)?.number ?? 0
            case NFTA_SET_TIMEOUT.rawValue: timeout = attribute.longNumber ?? 0
            case NFTA_SET_EXPR.rawValue:
                expressions = attribute.first(NFTA_EXPR_NAME)?.string == "counter" ? .counter : .other
            case NFTA_SET_EXPRESSIONS.rawValue: expressions = .other
            case RecognisedSet.countAttribute: count = attribute.number
            default: break
            }
        }
        // It belongs to a rule, and is not recognised with it.
        guard flags & UInt32(NFT_SET_ANONYMOUS.rawValue) == 0 else { return }
        // The kernel gives a verdict its own length.
        if dataType == SetDefinition.verdictType { dataLength = 0 }
        let definition = SetDefinition(
            flags: flags, keyType: keyType, keyLength: keyLength, dataType: dataType, dataLength: dataLength, size: size, timeout: timeout,
            elementExpressions: expressions)
        if let type = recognise(name, definition, userData) {
            sets.append(RecognisedSet(name: name, type: type, count: count))
        } else {
            foreign.append("set \(name) of \(family): a type that is not ours")
        }
    }

    /// The kernel does not know the modulus of a slot field: nft's user data tells it, or else what we expect under the name.
    private func recognise(_ name: String, _ definition: SetDefinition, _ userData: [UInt8]) -> SetType? {
        let modulus = SetUserData.modulus(in: userData)
        if modulus == nil, let type = expected.set(name)?.type, SetDefinition(type) == definition { return type }
        return SetType(definition, modulus: modulus)
    }
}

// MARK: - Objects

extension TableReader {
    mutating func readObject(_ attributes: Attributes) {
        var (name, kind, content): (String, UInt32, Attribute?) = ("", 0, nil)
        for attribute in attributes {
            switch UInt32(attribute.type) {
            case NFTA_OBJ_NAME.rawValue: name = attribute.string
            case NFTA_OBJ_TYPE.rawValue: kind = attribute.number ?? 0
            case NFTA_OBJ_DATA.rawValue: content = attribute
            default: break
            }
        }
        if kind == UInt32(NFT_OBJECT_CT_HELPER), let helper = content.flatMap({ HelperObject(name, $0) }) {
            helpers.append(helper)
        } else {
            foreign.append("object \(name) of \(family): a kind that is not ours")
        }
    }
}

extension HelperObject {
    /// The kernel leaves a family out that its helper does not know.
    fileprivate init?(_ name: String, _ content: Attribute) {
        guard let type = content.first(NFTA_CT_HELPER_NAME)?.string,
            let transport = content.first(NFTA_CT_HELPER_L4PROTO)?.content.first.flatMap(TransportProtocol.init(rawValue:))
        else { return nil }
        self.init(name: name, type: type, transport: transport)
    }
}

// MARK: - Chains

extension TableReader {
    mutating func readChain(_ attributes: Attributes) {
        var (table, name, kind, policy, hook): (String, String, String, UInt32, Attribute?) = ("", "", "", UInt32(NF_ACCEPT), nil)
        for attribute in attributes {
            switch UInt32(attribute.type) {
            case NFTA_CHAIN_TABLE.rawValue: table = attribute.string
            case NFTA_CHAIN_NAME.rawValue: name = attribute.string
            case NFTA_CHAIN_TYPE.rawValue: kind = attribute.string
            case NFTA_CHAIN_POLICY.rawValue: policy = attribute.number ?? 0
            case NFTA_CHAIN_HOOK.rawValue: hook = attribute
            default: break
            }
        }
        guard table == Ruleset.tableName else { return }
        guard let hook else { return chains.append(Chain(name, rules: [])) }
        if policy == UInt32(NF_ACCEPT), let kind = BaseChain.Kind(rawValue: kind), let base = base(kind, hook) {
            chains.append(Chain(name, base: base, rules: []))
        } else {
            foreign.append("chain \(name) of \(family): a hook or policy that is not ours")
        }
    }

    private func base(_ kind: BaseChain.Kind, _ attribute: Attribute) -> BaseChain? {
        guard let number = attribute.first(NFTA_HOOK_HOOKNUM)?.number, let priority = attribute.first(NFTA_HOOK_PRIORITY)?.number
        else { return nil }
        var devices = attribute.first(NFTA_HOOK_DEVS)?.nested.map(\.string) ?? []
        if let device = attribute.first(NFTA_HOOK_DEV)?.string, !devices.contains(device) { devices.append(device) }
        return hook(number, devices).map { BaseChain(kind, $0, priority: Int32(bitPattern: priority)) }
    }

    private func hook(_ number: UInt32, _ devices: [String]) -> BaseChain.Hook? {
        guard family == .inet else {
            guard devices.count == 1 else { return nil }
            return [.ingress(device: devices[0]), .egress(device: devices[0])].first { $0.number == number }
        }
        return [.prerouting, .input, .forward, .output, .postrouting].first { $0.number == number }
    }
}
