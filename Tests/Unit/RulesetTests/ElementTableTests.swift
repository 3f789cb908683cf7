import Ruleset
import Testing

private let layout = SetType(key: [.port], value: .fields([.port])).layout

private func table(_ pairs: [(UInt8, UInt8)]) -> ElementTable {
    ElementTable(layout, unsortedRows: pairs.flatMap { [0, $0.0, 0, $0.1] })
}

@Suite struct ElementTableTests {
    @Test func rowsStandInTheOrderOfTheirKeysAndTheFirstOfEqualKeysStays() {
        let rows = table([(9, 1), (2, 1), (9, 7), (5, 1)])
        #expect(rows == table([(2, 1), (5, 1), (9, 1)]))
        #expect(rows.count == 3)
    }

    @Test func aChangedValueIsRemovedAndAdded() {
        let change = table([(1, 1), (2, 2), (3, 3)]).difference(to: table([(2, 9), (3, 3), (4, 4)]))
        #expect(change.removed == table([(1, 1), (2, 2)]))
        #expect(change.added == table([(2, 9), (4, 4)]))
    }

    @Test func everyKeyIsFoundAndNoOther() {
        let rows = table((0..<100).map { (UInt8($0 * 2), 1) })
        for key in UInt8(0)..<200 { #expect((rows.index(ofIdentity: [0, key]) != nil) == (key % 2 == 0)) }
    }

    @Test func slicesPutTogetherAreTheWhole() {
        let rows = table((0..<50).map { (UInt8($0), 1) })
        let parts = stride(from: 0, to: 50, by: 7).map { rows.slice(from: $0, count: 7) }
        #expect(ElementTable(merging: parts, layout: layout) == rows)
    }

    @Test(arguments: [UInt64(1), 2, 3, 4, 5])
    func aDifferenceAppliedGivesTheTarget(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        func some() -> ElementTable {
            table((0..<60).map { _ in (UInt8.random(in: 0..<80, using: &random), UInt8.random(in: 0..<3, using: &random)) })
        }
        let (old, new) = (some(), some())
        let change = old.difference(to: new)
        let kept = (0..<old.count).filter { change.removed.index(ofIdentity: old.row($0).prefix(2)) == nil }.map { Array(old.row($0)) }
        let result = ElementTable(layout, unsortedRows: kept.flatMap { $0 } + change.added.bytes)
        #expect(result == new, "seed \(seed)")
    }
}

/// splitmix64: the same numbers on every machine for a seed.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64
    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ value >> 30) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ value >> 27) &* 0x94D0_49BB_1331_11EB
        return value ^ value >> 31
    }
}
