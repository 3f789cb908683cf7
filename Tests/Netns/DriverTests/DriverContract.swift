import NetTypes
import Ruleset
import Seams
import Testing

/// What holds for every driver: the real one in a namespace, and the model of the kernel. Each begins with an empty kernel.
enum DriverContract {
    static let all: [(name: String, check: @Sendable (any RulesetDriver) throws -> Void)] = [
        ("dumpAfterCommitIsWhatWasCommitted", dumpAfterCommitIsWhatWasCommitted),
        ("everyStepBetweenRulesetsArrives", everyStepBetweenRulesetsArrives),
        ("emptyBatchChangesNoGeneration", emptyBatchChangesNoGeneration),
        ("commitReturnsTheGenerationThatItMade", commitReturnsTheGenerationThatItMade),
        ("staleGenerationIsRefused", staleGenerationIsRefused),
        ("refusalsNameTheirObjectAndChangeNothing", refusalsNameTheirObjectAndChangeNothing),
        ("elementsAreReplacedInOneBatch", elementsAreReplacedInOneBatch),
    ]

    private static func expectHolds(_ wanted: Ruleset, _ driver: any RulesetDriver, _ comment: Comment? = nil) throws {
        let dumped = try driver.dump(recognising: wanted)
        #expect(dumped.foreign == [], comment)
        #expect(dumped.ruleset.batch(to: wanted).operations == [], comment)
    }

    static func dumpAfterCommitIsWhatWasCommitted(_ driver: any RulesetDriver) throws {
        for wanted in [Samples.translating, Samples.everything, Samples.direct, Samples.limiting, Samples.stateless, Ruleset()] {
            let held = try driver.dump(recognising: wanted)
            let batch = held.ruleset.batch(to: wanted)
            #expect(!batch.isEmpty)
            _ = try driver.commit(batch, expecting: held.generation)
            try expectHolds(wanted, driver)
        }
    }

    /// Without one element, one rule, one set: the batch that mends it is small and is taken.
    static func everyStepBetweenRulesetsArrives(_ driver: any RulesetDriver) throws {
        let whole = Samples.translating
        _ = try driver.commit(Ruleset().batch(to: whole), expecting: nil)
        var poorer = whole
        poorer.tables[0].sets.removeAll { $0.name == "source4" }
        poorer.tables[0].chains[4].rules.removeLast()
        for index in poorer.tables[0].sets.indices where poorer.tables[0].sets[index].name == "services4" {
            poorer.tables[0].sets[index].fragments = [.shared: poorer.tables[0].sets[index].elements.slice(from: 0, count: 1)]
        }
        for (held, wanted) in [(whole, poorer), (poorer, whole)] {
            _ = try driver.commit(held.batch(to: wanted), expecting: nil)
            try expectHolds(wanted, driver)
        }
    }

    static func emptyBatchChangesNoGeneration(_ driver: any RulesetDriver) throws {
        _ = try driver.commit(Ruleset().batch(to: Samples.translating), expecting: nil)
        let before = try driver.generation()
        #expect(try driver.commit(Batch(), expecting: nil) == before)
        #expect(try driver.generation() == before)
    }

    static func commitReturnsTheGenerationThatItMade(_ driver: any RulesetDriver) throws {
        let first = try driver.commit(Ruleset().batch(to: Samples.translating), expecting: nil)
        #expect(try driver.generation() == first)
        let second = try driver.commit(Batch([.addChain(.inet, name: "more", nil)]), expecting: first)
        #expect(second != first)
        #expect(try driver.generation() == second)
    }

    static func staleGenerationIsRefused(_ driver: any RulesetDriver) throws {
        let first = try driver.commit(Ruleset().batch(to: Samples.translating), expecting: nil)
        let second = try driver.commit(Batch([.addChain(.inet, name: "more", nil)]), expecting: first)
        expectRefusal(of: Batch([.addChain(.inet, name: "late", nil)]), driver, expecting: first, kind: .staleGeneration, naming: [])
        #expect(try driver.generation() == second)
        _ = try driver.commit(Batch([.deleteChain(.inet, name: "more")]), expecting: second)
        try expectHolds(Samples.translating, driver)
    }

    static func refusalsNameTheirObjectAndChangeNothing(_ driver: any RulesetDriver) throws {
        let held = Samples.translating
        let generation = try driver.commit(Ruleset().batch(to: held), expecting: nil)
        let addition = Batch.Operation.addChain(.inet, name: "fine", nil)
        for (operation, names) in faults(held) {
            expectRefusal(of: Batch([addition, operation]), driver, expecting: nil, kind: .refused, naming: names)
            #expect(try driver.generation() == generation)
        }
        try expectHolds(held, driver)
    }

    private static func faults(_ held: Ruleset) -> [(Batch.Operation, names: [String])] {
        let type = Samples.slotType(.ipv4, [.address(.ipv4), .port])
        let present = held[.inet]?.set("slots4-127")?.elements ?? ElementTable(type.layout)
        let other = Samples.registers(Samples.address("203.0.113.10"), [6], Samples.port(80), Samples.slot(3))
        let backend = Samples.registers(Samples.address("10.0.0.1"), Samples.port(80))
        let absent = ElementTable(type.layout, unsortedRows: present.bytes + other + backend)
        let wrongType = SetType(key: [.address(.ipv4)])
        let wrongRows = ElementTable(wrongType.layout, unsortedRows: [1, 2, 3, 4])
        let service = Samples.serviceType(.ipv4)
        let nowhere = ElementTable(
            service.layout, unsortedRows: Samples.registers([1, 2, 3, 4], [6], Samples.port(80)) + Samples.chain("nowhere"))
        return [
            (.deleteChain(.inet, name: "absent"), ["chain absent"]),
            (.addChain(.inet, name: "select4", nil), ["chain select4"]),
            (.deleteChain(.inet, name: "source"), ["chain source"]),
            (.addSet(.inet, name: "slots4-127", type), ["set slots4-127"]),
            (.deleteSet(.inet, name: "absent"), ["set absent"]),
            (.deleteSet(.inet, name: "slots4-127"), ["set slots4-127"]),
            (.addElements(.inet, set: "absent", type, absent), ["set absent"]),
            (.addElements(.inet, set: "slots4-127", type, absent), ["set slots4-127", "203.0.113.10 . tcp . 80 . 0"]),
            (.deleteElements(.inet, set: "slots4-127", type, absent), ["set slots4-127", "203.0.113.10 . tcp . 80 . 3"]),
            (.addElements(.inet, set: "slots4-127", wrongType, wrongRows), ["set slots4-127"]),
            (.addElements(.inet, set: "services4", service, nowhere), ["set services4", "nowhere"]),
            (.addRule(.inet, chain: "absent", Rule(.counter)), ["absent"]),
            (.addRule(.inet, chain: "select4", Rule(.verdictMap(Samples.service(.ipv4), map: "absent"))), []),
            (.flushChain(.inet, name: "absent"), ["chain absent"]),
        ]
    }

    static func elementsAreReplacedInOneBatch(_ driver: any RulesetDriver) throws {
        let held = Samples.translating
        var changed = held
        for index in changed.tables[0].sets.indices where changed.tables[0].sets[index].name == "slots4-127" {
            let type = changed.tables[0].sets[index].type
            var rows = changed.tables[0].sets[index].elements.bytes
            rows[type.layout.rowLength - 3] = 99
            changed.tables[0].sets[index].fragments = [.shared: ElementTable(type.layout, unsortedRows: rows)]
        }
        _ = try driver.commit(Ruleset().batch(to: held), expecting: nil)
        let batch = held.batch(to: changed)
        #expect(batch.elementsAdded == 1 && batch.elementsRemoved == 1)
        _ = try driver.commit(batch, expecting: nil)
        try expectHolds(changed, driver)
    }

    private static func expectRefusal(
        of batch: Batch, _ driver: any RulesetDriver, expecting: UInt32?, kind: DriverError.Kind, naming names: [String]
    ) {
        do {
            _ = try driver.commit(batch, expecting: expecting)
            Issue.record("\(batch.operations) was taken")
        } catch {
            #expect(error.kind == kind, "\(error)")
            for name in names { #expect(error.object?.contains(name) == true, "\(error)") }
        }
    }
}
