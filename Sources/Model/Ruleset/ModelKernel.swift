/// A kernel that is a value: it takes what nf_tables takes and refuses what nf_tables refuses, with the same errno.
///
/// Only errors that a wrong batch can cause are modelled; running out of memory is not.
public struct ModelKernel: Sendable {
    public private(set) var ruleset = Ruleset()
    /// Counts transactions, as nf_tables' generation id does.
    public private(set) var generation: UInt32 = 1
    private var owners: [TableFamily: UInt32] = [:]
    /// Sockets that are open; a table of a closed one persists without an owner.
    private var sockets: Set<UInt32> = []

    public init() {}

    /// Why a batch was refused: nothing of it has happened.
    public struct Refusal: Error, Sendable, Equatable {
        /// As in errno.h.
        public let errno: Int32
        /// Index of the operation, nil for the batch as a whole.
        public let operation: Int?
        public let object: String
    }

    private enum Errno {
        static let notPermitted: Int32 = 1
        static let noEntry: Int32 = 2
        static let busy: Int32 = 16
        static let exists: Int32 = 17
        static let invalid: Int32 = 22
        static let restart: Int32 = 85
    }

    public mutating func open(socket: UInt32) { sockets.insert(socket) }

    public mutating func close(socket: UInt32) {
        sockets.remove(socket)
        owners = owners.filter { $0.value != socket }
    }

    /// Applies the batch as a whole or not at all. Returns the new generation; an empty batch makes none.
    public mutating func apply(_ batch: Batch, from socket: UInt32, expecting expected: UInt32? = nil) throws(Refusal) -> UInt32 {
        if let expected, expected != generation {
            throw Refusal(errno: Errno.restart, operation: nil, object: "generation \(generation)")
        }
        guard !batch.isEmpty else { return generation }
        var next = self
        for (index, operation) in batch.operations.enumerated() {
            if let (errno, object) = next.refusal(of: operation, from: socket) {
                throw Refusal(errno: errno, operation: index, object: object)
            }
            next.perform(operation, from: socket)
        }
        next.generation &+= 1
        self = next
        return generation
    }
}

extension Batch.Operation {
    public var family: TableFamily {
        switch self {
        case .addTable(let family), .deleteTable(let family), .addSet(let family, _, _), .deleteSet(let family, _),
            .addChain(let family, _, _), .deleteChain(let family, _), .addRule(let family, _, _), .flushChain(let family, _),
            .addElements(let family, _, _, _), .deleteElements(let family, _, _, _), .addHelper(let family, _),
            .deleteHelper(let family, _), .flushSet(let family, _):
            family
        }
    }
}

extension ModelKernel {
    private typealias Cause = (errno: Int32, object: String)

    private func refusal(of operation: Batch.Operation, from socket: UInt32) -> Cause? {
        let family = operation.family
        if let owner = owners[family], owner != socket { return (Errno.notPermitted, "table \(family)") }
        if case .addTable = operation { return nil }
        guard let table = ruleset[family] else { return (Errno.noEntry, "table \(family)") }
        switch operation {
        case .addTable, .deleteTable: return nil
        case .addSet(_, let name, _): return table.set(name) == nil ? nil : (Errno.exists, "set \(name)")
        case .deleteSet(_, let name):
            guard table.set(name) != nil else { return (Errno.noEntry, "set \(name)") }
            return table.chains.contains { $0.rules.contains { $0.sets.contains(name) } } ? (Errno.busy, "set \(name)") : nil
        case .addChain(_, let name, _): return table.chain(name) == nil ? nil : (Errno.exists, "chain \(name)")
        case .flushChain(_, let name): return table.chain(name) == nil ? (Errno.noEntry, "chain \(name)") : nil
        case .deleteChain(_, let name): return refusalToDelete(chain: name, in: table)
        case .addRule(_, let chain, let rule): return refusal(of: rule, in: chain, table)
        case .addElements(_, let name, let type, let rows): return refusal(ofAdding: rows, type, to: name, table)
        case .deleteElements(_, let name, let type, let rows): return refusal(ofDeleting: rows, type, from: name, table)
        case .flushSet(_, let name): return table.set(name) == nil ? (Errno.noEntry, "set \(name)") : nil
        case .addHelper(_, let helper):
            return table.helpers.contains { $0.name == helper.name } ? (Errno.exists, "ct helper \(helper.name)") : nil
        case .deleteHelper(_, let name):
            guard table.helpers.contains(where: { $0.name == name }) else { return (Errno.noEntry, "ct helper \(name)") }
            let isUsed = table.chains.contains { $0.rules.contains { $0.statements.contains(.assignHelper(name)) } }
            return isUsed ? (Errno.busy, "ct helper \(name)") : nil
        }
    }

    private func refusalToDelete(chain name: String, in table: Table) -> Cause? {
        guard table.chain(name) != nil else { return (Errno.noEntry, "chain \(name)") }
        let isJumpedTo = table.chains.contains { $0.name != name && $0.rules.contains { $0.chains.contains(name) } }
        let isNamed = table.sets.contains { $0.type.value == .verdict && $0.chains.contains(name) }
        return isJumpedTo || isNamed ? (Errno.busy, "chain \(name)") : nil
    }

    private func refusal(of rule: Rule, in chain: String, _ table: Table) -> Cause? {
        guard table.chain(chain) != nil else { return (Errno.noEntry, "chain \(chain)") }
        if let missing = rule.sets.first(where: { table.set($0) == nil }) { return (Errno.noEntry, "set \(missing)") }
        if let missing = rule.chains.first(where: { table.chain($0) == nil }) { return (Errno.noEntry, "chain \(missing)") }
        if let wrong = rule.lookups.first(where: { key, set in table.set(set).map { $0.type.keyLength != key.registerLength } ?? true }) {
            return (Errno.invalid, "rule in \(chain): key of set \(wrong.1)")
        }
        return nil
    }

    private func refusal(ofAdding rows: ElementTable, _ type: SetType, to name: String, _ table: Table) -> Cause? {
        guard let set = table.set(name) else { return (Errno.noEntry, "set \(name)") }
        guard set.type == type else { return (Errno.invalid, "set \(name)") }
        let present = set.elements
        for index in 0..<rows.count {
            let identity = rows.row(index).prefix(rows.layout.identityLength)
            if present.index(ofIdentity: identity) != nil { return (Errno.exists, "set \(name), element \(type.text(rows, index))") }
            if type.value == .verdict, let chain = ElementTable.chain(rows.value(index)), table.chain(chain) == nil {
                return (Errno.noEntry, "set \(name), element \(type.text(rows, index))")
            }
        }
        return nil
    }

    private func refusal(ofDeleting rows: ElementTable, _ type: SetType, from name: String, _ table: Table) -> Cause? {
        guard let set = table.set(name) else { return (Errno.noEntry, "set \(name)") }
        let present = set.elements
        let missing = (0..<rows.count).first { present.index(ofIdentity: rows.row($0).prefix(rows.layout.identityLength)) == nil }
        return missing.map { (Errno.noEntry, "set \(name), element \(type.text(rows, $0))") }
    }

    private mutating func perform(_ operation: Batch.Operation, from socket: UInt32) {
        let family = operation.family
        if case .addTable = operation {
            owners[family] = sockets.contains(socket) ? socket : nil
            if ruleset[family] == nil { ruleset = Ruleset(tables: ruleset.tables + [Table(family: family)]) }
            return
        }
        guard let index = ruleset.tables.firstIndex(where: { $0.family == family }) else { return }
        if case .deleteTable = operation {
            ruleset.tables.remove(at: index)
            owners[family] = nil
            return
        }
        ruleset.tables[index].perform(operation)
    }
}

extension Table {
    fileprivate mutating func perform(_ operation: Batch.Operation) {
        switch operation {
        case .addTable, .deleteTable: break
        case .addSet(_, let name, let type): sets = (sets + [ElementSet(name: name, type: type)]).sorted { $0.name < $1.name }
        case .deleteSet(_, let name): sets.removeAll { $0.name == name }
        case .addChain(_, let name, let base): chains.append(Chain(name, base: base, rules: []))
        case .deleteChain(_, let name): chains.removeAll { $0.name == name }
        case .addRule(_, let name, let rule): change(chain: name) { $0.rules.append(rule) }
        case .flushChain(_, let name): change(chain: name) { $0.rules = [] }
        case .addElements(_, let name, let type, let rows):
            change(set: name) { $0.fragments = [.shared: ElementTable(merging: [$0.elements, rows], layout: type.layout)] }
        case .deleteElements(_, let name, _, let rows):
            change(set: name) { $0.fragments = [.shared: $0.elements.without(rows)] }
        case .flushSet(_, let name): change(set: name) { $0.fragments = [:] }
        case .addHelper(_, let helper): helpers = (helpers + [helper]).sorted { $0.name < $1.name }
        case .deleteHelper(_, let name): helpers.removeAll { $0.name == name }
        }
    }

    private mutating func change(chain name: String, _ change: (inout Chain) -> Void) {
        for index in chains.indices where chains[index].name == name { change(&chains[index]) }
    }

    private mutating func change(set name: String, _ change: (inout ElementSet) -> Void) {
        for index in sets.indices where sets[index].name == name { change(&sets[index]) }
    }
}

extension ElementTable {
    fileprivate func without(_ rows: ElementTable) -> ElementTable {
        var left: [UInt8] = []
        for index in 0..<count where rows.index(ofIdentity: row(index).prefix(layout.identityLength)) == nil { left += row(index) }
        return ElementTable(layout, unsortedRows: left)
    }
}

extension ElementSet {
    fileprivate var chains: Set<String> {
        let rows = elements
        return Set((0..<rows.count).compactMap { ElementTable.chain(rows.value($0)) })
    }
}

extension Key {
    /// Octets in registers, as a set compares them.
    fileprivate var registerLength: Int { SetType.length(of: parts.map(\.field)) }
}

extension Rule {
    /// What the rule looks up, and where.
    public var lookups: [(Key, String)] {
        statements.compactMap { statement in
            switch statement {
            case .inSet(let key, let set), .rateOver(_, let key, let set), .connectionsOver(_, let key, let set), .note(let key, let set):
                (key, set)
            case .verdictMap(let key, let map), .setMAC(_, let key, let map), .forward(let key, let map), .remember(let key, let map, _, _),
                .forget(let key, let map, _), .forwardToNeighbour(_, let key, let map), .setAddress(_, _, let key, let map),
                .setPort(_, _, let key, let map), .setUncheckedPort(_, let key, let map), .setQuotedSource(_, let key, let map),
                .setQuotedPort(_, let key, let map):
                (key, map)
            case .destinationNAT(_, let key, let map, _), .sourceNAT(_, let key, let map, _): (key, map)
            default: nil
            }
        }
    }

    fileprivate var sets: [String] { lookups.map(\.1) }

    fileprivate var chains: [String] {
        statements.compactMap {
            switch $0 {
            case .verdict(.jump(let chain)), .verdict(.goto(let chain)): chain
            default: nil
            }
        }
    }
}
