import CNetfilter
import Ruleset
import Seams

/// Which sets hold ranges: what a rule has to know of the set that it asks.
struct SetCatalogue {
    private var intervals: [TableFamily: [String: Bool]] = [:]

    func isInterval(_ family: TableFamily, _ set: String) -> Bool { intervals[family]?[set] ?? false }
    func knows(_ family: TableFamily, _ set: String) -> Bool { intervals[family]?[set] != nil }

    mutating func note(_ family: TableFamily, _ set: String, isInterval: Bool) { intervals[family, default: [:]][set] = isInterval }

    /// What a batch makes and removes.
    mutating func note(_ batch: Batch) {
        for operation in batch.operations {
            switch operation {
            case .deleteTable(let family): intervals[family] = nil
            case .deleteSet(let family, let name): intervals[family]?[name] = nil
            case .addSet(let family, let name, let type): note(family, name, isInterval: type.isInterval)
            default: break
            }
        }
    }

    func with(_ batch: Batch) -> SetCatalogue {
        var catalogue = self
        catalogue.note(batch)
        return catalogue
    }
}

extension Rule {
    /// The sets in which it looks a slot up.
    fileprivate var slotSets: [String] {
        lookups.filter { key, _ in key.parts.contains(where: \.isSlot) }.map(\.1)
    }
}

extension KeyPart {
    fileprivate var isSlot: Bool { if case .slot = self { true } else { false } }
}

extension NetfilterDriver {
    /// Asks the kernel for sets that a rule of the batch looks slots up in and that neither the batch nor we have made.
    func learnSets(of batch: Batch) throws(DriverError) {
        let known = sets.with(batch)
        for case .addRule(let family, _, let rule) in batch.operations {
            for set in rule.slotSets where !known.knows(family, set) && !sets.knows(family, set) {
                guard let flags = try setFlags(family, set) else { continue }
                sets.note(family, set, isInterval: flags & UInt32(NFT_SET_INTERVAL.rawValue) != 0)
            }
        }
    }
}
