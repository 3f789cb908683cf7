import Ruleset

/// What has been read of the kernel so far, and how far it can be trusted.
struct RulesetReader {
    let existing: [ExistingTable]
    private(set) var ruleset = Ruleset()
    private(set) var foreign: [String] = []
    /// False when a transaction came between.
    var isConsistent = true
    private var wholeness = ElementReader.Wholeness.whole

    init(tables: [ExistingTable]) { existing = tables }

    mutating func add(_ table: TableReader) {
        ruleset = Ruleset(tables: ruleset.tables + [table.table])
        foreign += table.foreign
    }

    mutating func note(_ isConsistent: Bool) { self.isConsistent = self.isConsistent && isConsistent }

    mutating func note(_ new: ElementReader.Wholeness) {
        if new == .torn || wholeness == .whole { wholeness = new }
    }

    /// `patience`: readings that can still follow.
    func isTrustworthy(asOwner port: UInt32, patience: Int) -> Bool {
        switch wholeness {
        case .torn: return false
        // Should a kernel count in another way than we know, its elements are believed in the end.
        case .miscounted where patience > 1: return false
        case .miscounted, .whole: break
        }
        // What others commit cannot touch tables that are ours alone: then a reading holds, whatever came between.
        return isConsistent || patience < 10 && existing.allSatisfy { $0.owner == port }
    }
}
