/// A node of the file with what the table says of it. Each method reads the node as one type; nil means that a fault is in the log.
struct NodeReader {
    let node: SourceNode
    let key: FarmKey
    let log: FaultLog

    var spot: Spot { node.spot }

    /// `other` is the place that the fault has to do with, and what is there.
    func fault(
        _ code: FaultCode, _ message: String, hint: String? = nil, other: NodeReader? = nil, _ note: String = "the first one"
    ) {
        let related = other.flatMap { log.related($0.spot, note) }
        log.report(code, message, at: spot, hint: hint, explain: key.path, related: related.map { [$0] } ?? [])
    }

    func wrongType(_ expected: String, hint: String? = nil) {
        if node.isNothing {
            fault(.wrongType, "\(key.name.quoted) has no value", hint: hint ?? "expected \(expected)")
        } else {
            fault(.wrongType, "\(key.name.quoted) has to be \(expected), not \(node.kind)", hint: hint)
        }
    }

    /// The scalar, whatever it says; a list, a mapping or nothing is a fault.
    func scalar(_ expected: @autoclosure () -> String) -> SourceScalar? {
        guard let scalar = node.scalar, !scalar.isNothing else {
            wrongType(expected())
            return nil
        }
        return scalar
    }

    /// A scalar that YAML, too, takes for text: plain `on`, `12` or `22:22` are not.
    func textScalar(_ expected: @autoclosure () -> String) -> String? {
        guard let scalar = scalar(expected()) else { return nil }
        guard let trap = scalar.trap else { return scalar.text }
        fault(
            .yamlTrap, "\(scalar.text.shown) is \(trap) to YAML; \(key.name.quoted) has to be \(expected())",
            hint: "put it in quotes: \(scalar.text.quoted)")
        return nil
    }

    /// The entries of a list, each with this key's description.
    func entries(atMost limit: Int) -> [NodeReader]? {
        guard let list = node.list else {
            wrongType("a list", hint: "begin each entry with \"- \"")
            return nil
        }
        guard !list.isEmpty else {
            fault(.missingKey, "\(key.name.quoted) is empty", hint: "at least one entry is needed")
            return nil
        }
        if list.count > limit { fault(.tooMany, "\(key.name.quoted) has \(list.count) entries; at most \(limit) are allowed") }
        return list.prefix(limit).map { NodeReader(node: $0, key: key, log: log) }
    }

    /// The keys of a mapping, held against the table.
    func fields(_ expected: String = "a mapping") -> Fields? {
        guard let mapping = node.mapping else {
            wrongType(expected)
            return nil
        }
        return Fields(mapping, of: self)
    }
}
