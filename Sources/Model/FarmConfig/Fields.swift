/// The keys of one mapping that the table knows; the others are reported when this is made.
struct Fields {
    let owner: NodeReader
    private var values: [(name: String, reader: NodeReader)] = []

    init(_ mapping: [(key: SourceNode, value: SourceNode)], of owner: NodeReader) {
        self.owner = owner
        values.reserveCapacity(mapping.count)
        for (key, value) in mapping { add(key, value) }
    }

    /// The value of a key; nil if it is absent.
    subscript(_ name: String) -> NodeReader? { values.first { $0.name == name }?.reader }

    /// The same, and a fault at the mapping if the key is absent.
    func required(_ name: String) -> NodeReader? {
        if let value = self[name] { return value }
        guard let key = owner.key.key(name) else { preconditionFailure("the table has no key \(owner.key.path).\(name)") }
        let example = key.type.summary.isEmpty ? "" : ": \(key.type.summary)"
        owner.log.report(
            .missingKey, "\(owner.key.keys.isEmpty ? "this" : owner.key.name.quoted) needs the key \(name.quoted)",
            at: firstKey ?? owner.spot, hint: "add \"\(name)\"\(example)", explain: key.path)
        return nil
    }

    private var firstKey: Spot? { owner.node.mapping?.first.map { $0.key.spot } }

    private mutating func add(_ key: SourceNode, _ value: SourceNode) {
        let log = owner.log
        guard let name = key.scalar?.text else {
            return log.report(.wrongType, "a key has to be a word, not \(key.kind)", at: key.spot, explain: owner.key.path)
        }
        guard !log.isSkipped(key.spot) else { return }
        guard let known = owner.key.key(name) else { return log.isFull ? log.countOnly() : reportUnknown(name, at: key.spot) }
        guard known.isSupported else {
            return log.report(.notSupportedYet, "the key \(name.quoted) is not supported yet", at: key.spot, explain: known.path)
        }
        values.append((name, NodeReader(node: value, key: known, log: log)))
    }

    private func reportUnknown(_ name: String, at spot: Spot) {
        let section = owner.key
        let known = NearestWord.to(name, among: section.keys.map(\.name)).flatMap { section.key($0) }
        let hint = known.map { "did you mean \($0.name.quoted)?" } ?? elsewhere(name)
        owner.log.report(.unknownKey, "unknown key \(name.quoted)", at: spot, hint: hint, explain: known?.path ?? section.path)
    }

    /// A key of another section is usually a slip of indentation.
    private func elsewhere(_ name: String) -> String {
        if name == "<<" { return "merge keys are not supported: write the keys out" }
        if let other = FarmSchema.keys.first(where: { $0.name == name }) { return "it belongs to \(other.path)" }
        return "known here: " + owner.key.keys.filter(\.isSupported).map(\.name).joined(separator: ", ")
    }
}
