import CNetfilter
import Glibc
import Ruleset
import Seams

extension NetfilterDriver {
    /// Readings that something overtakes are repeated so often at most, with pauses that add up to half a second.
    private static var readings: Int { 16 }

    public func dump(recognising expected: Ruleset) throws(DriverError) -> (ruleset: Ruleset, foreign: [String], generation: UInt32) {
        for number in 1...Self.readings {
            let before = try generation()
            var reader = RulesetReader(tables: try existingTables())
            try read(into: &reader, recognising: expected)
            let after = try generation()
            if before != after { reader.isConsistent = false }
            guard reader.isTrustworthy(asOwner: socket.portID, patience: Self.readings - number) else {
                usleep(UInt32.random(in: 0...UInt32(number) * 8000))
                continue
            }
            return (reader.ruleset, reader.foreign, after)
        }
        throw DriverError(
            kind: .staleGeneration, errno: EINTR, message: "other transactions overtook \(Self.readings) readings of the tables: try again")
    }

    private func read(into reader: inout RulesetReader, recognising expected: Ruleset) throws(DriverError) {
        for existing in reader.existing {
            let family = existing.family.rawValue
            var table = TableReader(existing.family, expected: expected[existing.family])
            let ours = [(NFTA_SET_TABLE.rawValue, Ruleset.tableName)]
            reader.note(try ask(NFT_MSG_GETCHAIN, family: family, dump: true) { table.readChain(Attributes(message: $0)) })
            reader.note(try ask(NFT_MSG_GETSET, family: family, dump: true, ours) { table.readSet(Attributes(message: $0)) })
            for set in table.sets {
                sets.note(table.family, set.name, isInterval: set.type.isInterval)
                // A dynamic set may hold 100 000 elements, which are the kernel's own.
                if set.type.dynamic == nil { try readElements(of: set, into: &table, &reader) }
            }
            let objects = [(NFTA_OBJ_TABLE.rawValue, Ruleset.tableName)]
            reader.note(try ask(NFT_MSG_GETOBJ, family: family, dump: true, objects) { table.readObject(Attributes(message: $0)) })
            reader.note(try readRules(&table))
            reader.add(table)
        }
    }

    private func readElements(
        of set: TableReader.RecognisedSet, into table: inout TableReader, _ reader: inout RulesetReader
    ) throws(DriverError) {
        var elements = ElementReader(set.type)
        do {
            reader.note(try askForElements(of: set.name, table.family) { elements.read($0) })
        } catch {
            // The set has gone since it was listed.
            guard error.errno == ENOENT else { throw error }
            return reader.note(false)
        }
        let rows = elements.table
        reader.note(elements.wholeness(rows, count: set.count))
        table.add(rows, to: set.name, foreign: elements.foreign)
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
