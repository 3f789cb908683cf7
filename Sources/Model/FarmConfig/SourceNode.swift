/// A node of a document: what the YAML parser gave, without anchors and tags. A class, since readers hand it about a lot.
final class SourceNode {
    let content: Content
    let spot: Spot

    init(_ content: Content, at spot: Spot) {
        (self.content, self.spot) = (content, spot)
    }

    enum Content {
        case scalar(SourceScalar)
        case list([SourceNode])
        case mapping([(key: SourceNode, value: SourceNode)])
    }

    var scalar: SourceScalar? { if case .scalar(let scalar) = content { scalar } else { nil } }
    var list: [SourceNode]? { if case .list(let entries) = content { entries } else { nil } }
    var mapping: [(key: SourceNode, value: SourceNode)]? { if case .mapping(let pairs) = content { pairs } else { nil } }

    /// `key:` with nothing behind it, or a document of comments.
    var isNothing: Bool { scalar?.isNothing ?? false }

    /// What the node is, for messages.
    var kind: String {
        switch content {
        case .scalar(let scalar): scalar.kind
        case .list: "a list"
        case .mapping: "a mapping"
        }
    }
}

/// A scalar as written; what it means is for the key to say.
struct SourceScalar {
    let text: String
    /// Without quotes and not in block form.
    let isPlain: Bool

    var isNothing: Bool { isPlain && text.isEmpty }

    /// What a YAML 1.1 or 1.2 reader makes of a plain scalar that looks like a word here; nil for text.
    var trap: String? { isPlain ? YAMLTrap.reading(of: text) : nil }

    fileprivate var kind: String {
        guard isPlain else { return "text in quotes" }
        guard let trap else { return text.isEmpty ? "nothing" : text.quoted }
        return "\(text.quoted) (\(trap))"
    }
}
