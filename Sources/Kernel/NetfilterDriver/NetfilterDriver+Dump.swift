import CNetfilter
import Glibc
import Ruleset
import Seams

extension NetfilterDriver {
    /// Reads that a transaction overtakes are repeated so often at most.
    private static var reads: Int { 12 }

    public func dump(recognising expected: Ruleset) throws(DriverError) -> (ruleset: Ruleset, foreign: [String], generation: UInt32) {
        for attempt in 1...Self.reads {
            let before = try generation()
            let (reader, isConsistent) = try read(recognising: expected)
            let after = try generation()
            // What others commit cannot touch tables that are ours alone: then the reading holds, whatever came between.
            guard isConsistent && before == after || attempt > Self.reads / 2 && reader.isOwned(by: socket.portID) else {
                usleep(UInt32.random(in: 0...UInt32(attempt) * 1000))
                continue
            }
            return (reader.ruleset, reader.foreign, after)
        }
        throw DriverError(kind: .staleGeneration, errno: EINTR, message: "other transactions overtook \(Self.reads) readings of the tables: try again")
    }

    private func read(recognising expected: Ruleset) throws(DriverError) -> (RulesetReader, isConsistent: Bool) {
        var reader = RulesetReader(tables: try existingTables())
        var isConsistent = true
        for existing in reader.existing {
            let family = existing.family
            var table = TableReader(family, expected: expected[family])
            let all: (UInt32) -> [(UInt32, String)] = { [($0, Ruleset.tableName)] }
            isConsistent = try ask(NFT_MSG_GETCHAIN, family: family.rawValue, dump: true) { table.readChain(Attributes(message: $0)) } && isConsistent
            isConsistent = try ask(NFT_MSG_GETSET, family: family.rawValue, dump: true, all(NFTA_SET_TABLE.rawValue)) { table.readSet(Attributes(message: $0)) }
                && isConsistent
            for set in table.sets { isConsistent = try readElements(set, &table) && isConsistent }
            for set in table.sets { sets.note(family, set.name, isInterval: set.type.isInterval) }
            isConsistent = try readRules(&table) && isConsistent
            reader.add(table)
        }
        return (reader, isConsistent)
    }

    private func readElements(_ set: TableReader.RecognisedSet, _ table: inout TableReader) throws(DriverError) -> Bool {
        var elements = ElementReader(set.type)
        let name = [(NFTA_SET_ELEM_LIST_TABLE.rawValue, Ruleset.tableName), (NFTA_SET_ELEM_LIST_SET.rawValue, set.name)]
        let isConsistent: Bool
        do {
            isConsistent = try ask(NFT_MSG_GETSETELEM, family: table.family.rawValue, dump: true, name) { elements.read(Attributes(message: $0)) }
        } catch {
            // The set has gone since it was listed: the generation will say so, too.
            guard error.errno == ENOENT else { throw error }
            return false
        }
        table.add(elements.table, to: set.name, foreign: elements.foreign)
        return isConsistent
    }

    private func readRules(_ table: inout TableReader) throws(DriverError) -> Bool {
        let catalogue = sets
        let recogniser = RuleRecogniser(table.expected, isInterval: catalogue.isInterval)
        let (family, name) = (table.family, [(NFTA_RULE_TABLE.rawValue, Ruleset.tableName)])
        var rules: [(chain: String, rule: Rule)] = []
        let isConsistent = try askForRules(family, name) { rules.append(recogniser.recognise($0)) }
        for (chain, rule) in rules { table.add(rule, to: chain) }
        return isConsistent
    }

    /// What each rule has counted, in the order of the rules of each chain; nil for rules without a counter.
    public func counters() throws(DriverError) -> [TableFamily: [String: [RuleCounter?]]] {
        var counters: [TableFamily: [String: [RuleCounter?]]] = [:]
        for family in try existingTables().map(\.family) {
            _ = try askForRules(family, [(NFTA_RULE_TABLE.rawValue, Ruleset.tableName)]) { rule in
                counters[family, default: [:]][rule.chain, default: []].append(rule.counter)
            }
        }
        return counters
    }

    private func askForRules(
        _ family: TableFamily, _ arguments: [(UInt32, String)], _ body: (KernelRule) -> Void
    ) throws(DriverError) -> Bool {
        try ask(NFT_MSG_GETRULE, family: family.rawValue, dump: true, arguments) { body(KernelRule(parsing: $0)) }
    }
}

/// What has been read of the kernel so far.
struct RulesetReader {
    let existing: [ExistingTable]
    private(set) var ruleset = Ruleset()
    private(set) var foreign: [String] = []

    init(tables: [ExistingTable]) { existing = tables }

    func isOwned(by port: UInt32) -> Bool { existing.allSatisfy { $0.owner == port } }

    mutating func add(_ table: TableReader) {
        ruleset = Ruleset(tables: ruleset.tables + [table.table])
        foreign += table.foreign
    }
}
