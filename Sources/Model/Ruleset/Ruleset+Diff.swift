extension Ruleset {
    /// The batch that turns a kernel which holds `self` into one that holds `target`.
    ///
    /// The order inside the batch is what nf_tables asks for: containers before content, elements away before the chains they name,
    /// and an element deleted before its key is added again, so that no packet finds the key missing.
    ///
    /// `touched`: the only fragments that may differ, where the caller knows; nil compares all.
    public func batch(to target: Ruleset, touched: Set<Fragment>? = nil) -> Batch {
        let nothing = { Table(family: $0) }
        var steps = Steps(touched: touched)
        for family in TableFamily.allCases {
            switch (self[family], target[family]) {
            case (nil, nil): break
            case (_?, nil): steps.removals.append(.deleteTable(family))
            case (nil, let new?):
                steps.tables.append(.addTable(family))
                steps.compare(nothing(family), new)
            case (let old?, let new?) where !old.canBecome(new):
                steps.tables += [.deleteTable(family), .addTable(family)]
                steps.compare(nothing(family), new)
            case (let old?, let new?): steps.compare(old, new)
            }
        }
        return steps.batch
    }
}

extension Table {
    /// False when something in the table is not ours, or a name stands for a set of another type or a chain at another hook, as after a change of version:
    /// then the table is replaced, in the same batch.
    fileprivate func canBecome(_ new: Table) -> Bool {
        let (types, hooks) = (
            Dictionary(uniqueKeysWithValues: sets.map { ($0.name, $0.type) }),
            Dictionary(uniqueKeysWithValues: chains.map { ($0.name, $0.base) })
        )
        let helperTypes = Dictionary(uniqueKeysWithValues: helpers.map { ($0.name, $0) })
        return !isForeign && new.helpers.allSatisfy { helperTypes[$0.name] == nil || helperTypes[$0.name] == $0 }
            && new.sets.allSatisfy { types[$0.name] == nil || types[$0.name] == $0.type }
            && new.chains.allSatisfy { hooks[$0.name] == nil || hooks[$0.name] == $0.base }
    }
}

extension Ruleset {
    /// How many elements come and go, those of sets that come and go with them included.
    public func elementsChanged(to target: Ruleset) -> (added: Int, removed: Int) {
        var (added, removed) = (0, 0)
        for family in TableFamily.allCases {
            let old = Dictionary(uniqueKeysWithValues: (self[family]?.sets ?? []).map { ($0.name, $0) })
            let new = Dictionary(uniqueKeysWithValues: (target[family]?.sets ?? []).map { ($0.name, $0) })
            for (name, set) in new {
                let change = old[name].flatMap { $0.type == set.type ? $0.difference(to: set) : nil }
                added += change?.added.count ?? set.count
                removed += change?.removed.count ?? 0
            }
            for (name, set) in old where new[name]?.type != set.type { removed += set.count }
        }
        return (added, removed)
    }
}

/// The operations of a batch by the phase in which they have to stand.
private struct Steps {
    let touched: Set<Fragment>?
    var tables: [Batch.Operation] = []
    var containers: [Batch.Operation] = []
    var elementsRemoved: [Batch.Operation] = []
    var rules: [Batch.Operation] = []
    var elementsAdded: [Batch.Operation] = []
    var removals: [Batch.Operation] = []

    var batch: Batch { Batch(tables + containers + elementsRemoved + rules + elementsAdded + removals) }

    mutating func compare(_ old: Table, _ new: Table) {
        compareSets(old, new)
        compareChains(old, new)
        compareHelpers(old, new)
    }

    private mutating func compareHelpers(_ old: Table, _ new: Table) {
        containers += new.helpers.filter { !old.helpers.contains($0) }.map { .addHelper(new.family, $0) }
        removals += old.helpers.filter { !new.helpers.contains($0) }.map { .deleteHelper(new.family, name: $0.name) }
    }

    private mutating func compareSets(_ old: Table, _ new: Table) {
        let family = new.family
        let before = Dictionary(uniqueKeysWithValues: old.sets.map { ($0.name, $0) })
        for set in new.sets {
            guard let previous = before[set.name] else {
                containers.append(.addSet(family, name: set.name, set.type))
                let elements = set.elements
                if !elements.isEmpty { elementsAdded.append(.addElements(family, set: set.name, set.type, elements)) }
                continue
            }
            guard set.type.dynamic == nil else { continue }
            let change = previous.difference(to: set, touched: touched)
            if !change.removed.isEmpty { elementsRemoved.append(.deleteElements(family, set: set.name, set.type, change.removed)) }
            if !change.added.isEmpty { elementsAdded.append(.addElements(family, set: set.name, set.type, change.added)) }
        }
        let kept = Set(new.sets.map(\.name))
        for set in old.sets where !kept.contains(set.name) {
            // Elements first: a verdict map holds the chains that it names until they are gone.
            if case .verdict = set.type.value, set.count > 0 {
                elementsRemoved.append(.deleteElements(family, set: set.name, set.type, set.elements))
            }
            removals.append(.deleteSet(family, name: set.name))
        }
    }

    private mutating func compareChains(_ old: Table, _ new: Table) {
        let family = new.family
        let before = Dictionary(uniqueKeysWithValues: old.chains.map { ($0.name, $0) })
        for chain in new.chains {
            if let previous = before[chain.name], previous.base == chain.base {
                guard previous.rules != chain.rules else { continue }
                rules.append(.flushChain(family, name: chain.name))
            } else {
                containers.append(.addChain(family, name: chain.name, chain.base))
            }
            rules += chain.rules.map { .addRule(family, chain: chain.name, $0) }
        }
        removeChains(old.chains, keeping: Set(new.chains.map(\.name)), family)
    }

    /// Rules of all the chains go first, as a chain that is jumped to cannot be deleted.
    private mutating func removeChains(_ old: [Chain], keeping kept: Set<String>, _ family: TableFamily) {
        let gone = old.filter { !kept.contains($0.name) }
        removals = gone.filter { !$0.rules.isEmpty }.map { .flushChain(family, name: $0.name) } + removals
        removals += gone.reversed().map { .deleteChain(family, name: $0.name) }
    }
}

extension ElementSet {
    /// Compares farm by farm where both sides are kept so; a side that came from the kernel knows no farms and is compared whole.
    func difference(to new: ElementSet, touched: Set<Fragment>? = nil) -> (removed: ElementTable, added: ElementTable) {
        if fragments.count == 1, fragments[.shared] != nil, new.fragments.keys.contains(where: { $0 != .shared }) {
            return elements.difference(to: new.elements)
        }
        var (removed, added): ([ElementTable], [ElementTable]) = ([], [])
        let empty = ElementTable(type.layout)
        for fragment in touched ?? Set(fragments.keys).union(new.fragments.keys) {
            let change = (fragments[fragment] ?? empty).difference(to: new.fragments[fragment] ?? empty)
            if !change.removed.isEmpty { removed.append(change.removed) }
            if !change.added.isEmpty { added.append(change.added) }
        }
        return (ElementTable(merging: removed, layout: type.layout), ElementTable(merging: added, layout: type.layout))
    }
}
