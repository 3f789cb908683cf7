import Ruleset

extension Batch {
    /// The object of an operation, as an error names it; `element` is the number of a row, from 0.
    func description(of index: Int, element: Int? = nil) -> String {
        var text = operations[index].words
        if case .addRule(_, let chain, _) = operations[index] { text = "rule \(ruleNumber(index, chain)) of \(text)" }
        if let element, let place = operations[index].words(ofElement: element) { text += ", \(place)" }
        return "\(text); operation \(index + 1) of \(operations.count)"
    }

    /// Counted from 1 among the rules that the batch adds to the chain.
    private func ruleNumber(_ index: Int, _ chain: String) -> Int {
        operations[...index].count { if case .addRule(_, chain, _) = $0 { true } else { false } }
    }
}

extension Batch.Operation {
    fileprivate var words: String {
        switch self {
        case .addTable(let family), .deleteTable(let family): "table \(family) \(Ruleset.tableName)"
        case .addSet(let family, let name, _), .deleteSet(let family, let name): "set \(name) of \(family)"
        case .flushSet(let family, let name): "set \(name) of \(family)"
        case .addHelper(let family, let helper): "ct helper \(helper.name) of \(family)"
        case .deleteHelper(let family, let name): "ct helper \(name) of \(family)"
        case .addElements(let family, let set, _, _), .deleteElements(let family, let set, _, _): "set \(set) of \(family)"
        case .addChain(let family, let name, _), .deleteChain(let family, let name): "chain \(name) of \(family)"
        case .addRule(let family, let name, _), .flushChain(let family, let name): "chain \(name) of \(family)"
        }
    }

    fileprivate func words(ofElement index: Int) -> String? {
        switch self {
        case .addElements(_, _, let type, let rows), .deleteElements(_, _, let type, let rows):
            guard index < rows.count else { return nil }
            return "element \(index + 1) of \(rows.count): \(type.text(rows, index))"
        default: return nil
        }
    }
}
