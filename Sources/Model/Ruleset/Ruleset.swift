import NetTypes

/// What zvnft wants of nf_tables, as a value: it can be printed, compared, traced and sent.
public struct Ruleset: Sendable, Hashable {
    /// Sorted by family; one table a family, all named `Ruleset.tableName`.
    public var tables: [Table]

    public init(tables: [Table] = []) {
        self.tables = tables.sorted { $0.family < $1.family }
    }

    /// Ours alone; nothing else in the kernel is ever touched.
    public static let tableName = "zvnft"

    public subscript(family: TableFamily) -> Table? { tables.first { $0.family == family } }
}

/// The nf_tables families that we keep a table in (`linux/netfilter.h`, NFPROTO_*).
public enum TableFamily: UInt8, Sendable, Hashable, Comparable, CaseIterable {
    case inet = 1
    case netdev = 5

    public static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
}

public struct Table: Sendable, Hashable {
    public let family: TableFamily
    /// Sorted by name.
    public var helpers: [HelperObject]
    /// Sorted by name.
    public var sets: [ElementSet]
    /// In the order of creation: a chain stands behind the chains that it jumps to.
    public var chains: [Chain]
    /// Found in a kernel with things that are not ours in it: it can only be replaced.
    public var isForeign = false

    public init(family: TableFamily, helpers: [HelperObject] = [], sets: [ElementSet] = [], chains: [Chain] = []) {
        self.family = family
        self.helpers = helpers.sorted { $0.name < $1.name }
        self.sets = sets.sorted { $0.name < $1.name }
        self.chains = chains
    }

    public func set(_ name: String) -> ElementSet? { sets.first { $0.name == name } }
    public func chain(_ name: String) -> Chain? { chains.first { $0.name == name } }
}

/// A conntrack helper that rules can assign: it reads a protocol's control connection and expects the connections that follow from it.
public struct HelperObject: Sendable, Hashable {
    public let name: String
    /// The kernel's name of the helper, as in `nf_conntrack_ftp`: "ftp".
    public let type: String
    public let transport: TransportProtocol

    public init(name: String, type: String, transport: TransportProtocol) {
        (self.name, self.type, self.transport) = (name, type, transport)
    }
}

public struct Chain: Sendable, Hashable {
    public let name: String
    /// Nil for a chain that is only jumped to.
    public let base: BaseChain?
    public var rules: [Rule]

    public init(_ name: String, base: BaseChain? = nil, rules: [Rule]) {
        (self.name, self.base, self.rules) = (name, base, rules)
    }
}

/// Where and when the kernel calls a chain. The policy is always accept: what is not ours passes.
public struct BaseChain: Sendable, Hashable {
    public enum Kind: String, Sendable, Hashable { case filter, nat }
    public enum Hook: Sendable, Hashable {
        case prerouting, postrouting, output, forward, input
        /// netdev: before the IP stack, on one device.
        case ingress(device: String)
        /// netdev: behind the IP stack, on one device; the frame is whole (Linux 5.16).
        case egress(device: String)
    }

    public let kind: Kind
    public let hook: Hook
    /// Lower runs earlier (`linux/netfilter_ipv4.h`, NF_IP_PRI_*).
    public let priority: Int32

    public init(_ kind: Kind, _ hook: Hook, priority: Int32) {
        (self.kind, self.hook, self.priority) = (kind, hook, priority)
    }
}

extension BaseChain.Hook {
    /// The one device of a netdev hook.
    public var device: String? {
        switch self {
        case .ingress(let device), .egress(let device): device
        case .prerouting, .postrouting, .output, .forward, .input: nil
        }
    }
}

/// A set, or a map when it has `data`.
public struct ElementSet: Sendable, Hashable {
    public let name: String
    public let type: SetType
    /// Elements by the farm that they belong to (`Fragment.shared` for what several farms need). A key occurs once in all fragments.
    public var fragments: [Fragment: ElementTable]

    public init(name: String, type: SetType, fragments: [Fragment: ElementTable] = [:]) {
        (self.name, self.type, self.fragments) = (name, type, fragments)
    }

    public var count: Int { fragments.values.reduce(0) { $0 + $1.count } }
    /// All elements in the order of their keys.
    public var elements: ElementTable {
        fragments.count == 1
            ? fragments.values.first ?? ElementTable(type.layout) : ElementTable(merging: fragments.values, layout: type.layout)
    }
}

/// Whose an element is: a farm's name, or "" for elements that several farms share.
public typealias Fragment = String

extension Fragment {
    public static let shared = ""
}
