import Yams

/// A node of the file with what the table says of it. Each method reads the node as one type; nil means that a fault is in the log.
struct NodeReader {
    let node: Node
    let key: FarmKey
    let log: FaultLog

    var spot: Spot { Spot(of: node) }

    func fault(_ code: FaultCode, _ message: String, hint: String? = nil) {
        log.report(code, message, at: spot, hint: hint, explain: key.path)
    }

    func wrongType(_ expected: String, hint: String? = nil) {
        if let scalar = node.scalar, scalar.isPlain, scalar.string.isEmpty {
            fault(.wrongType, "\(key.name.quoted) has no value", hint: hint ?? "expected \(expected)")
        } else {
            fault(.wrongType, "\(key.name.quoted) has to be \(expected), not \(node.kind)", hint: hint)
        }
    }

    /// The scalar, whatever it says; a list, a mapping or nothing is a fault.
    func scalar(_ expected: @autoclosure () -> String) -> Node.Scalar? {
        guard let scalar = node.scalar, !(scalar.isPlain && scalar.string.isEmpty) else {
            wrongType(expected())
            return nil
        }
        return scalar
    }

    /// A scalar that YAML, too, takes for text: plain `on`, `12` or `22:22` are not.
    func textScalar(_ expected: @autoclosure () -> String) -> String? {
        guard let scalar = scalar(expected()) else { return nil }
        guard let trap = scalar.trap else { return scalar.string }
        fault(.yamlTrap, "\(scalar.string) is \(trap) to YAML; \(key.name.quoted) has to be \(expected())", hint: "put it in quotes: \"\(scalar.string)\"")
        return nil
    }

    /// The entries of a list, each with this key's description.
    func entries(atMost limit: Int) -> [NodeReader]? {
        guard let sequence = node.sequence else {
            wrongType("a list", hint: "begin each entry with \"- \"")
            return nil
        }
        guard !sequence.isEmpty else {
            fault(.missingKey, "\(key.name.quoted) is empty", hint: "at least one entry is needed")
            return nil
        }
        if sequence.count > limit { fault(.tooMany, "\(key.name.quoted) has \(sequence.count) entries; at most \(limit) are allowed") }
        return sequence.prefix(limit).map { NodeReader(node: $0, key: key, log: log) }
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

extension Spot {
    init(of node: Node) {
        let mark = node.mark
        let length = node.scalar.map { $0.isPlain ? max(1, $0.string.unicodeScalars.count) : 0 } ?? 1
        self.init(line: mark?.line ?? 1, column: mark?.column ?? 1, length: length)
    }
}

extension Node {
    /// What the node is, for messages.
    var kind: String {
        switch self {
        case .scalar(let scalar): scalar.kind
        case .mapping: "a mapping"
        case .sequence: "a list"
        case .alias: "an alias"
        }
    }
}

extension Node.Scalar {
    var isPlain: Bool { style == .plain || style == .any }

    fileprivate var kind: String {
        guard isPlain else { return "text in quotes" }
        guard let trap else { return string.isEmpty ? "nothing" : string.quoted }
        return "\(string.quoted) (\(trap))"
    }
}
