import Yams

/// Turns away documents with anchors, tags or too many levels; nothing after this has to think of them.
struct DocumentScreen {
    let log: FaultLog

    func passes(_ document: Node) -> Bool { check(document, depth: 1) }

    private func check(_ node: Node, depth: Int) -> Bool {
        guard !isAnchored(node), !isTagged(node) else { return false }
        guard depth <= FarmLimits.depth || node.scalar != nil else {
            log.report(.tooDeep, "more than \(FarmLimits.depth) levels of mappings and lists", at: Spot(of: node), hint: "a farm needs five")
            return false
        }
        switch node {
        case .scalar: return true
        case .sequence(let entries): return entries.reduce(true) { check($1, depth: depth + 1) && $0 }
        case .mapping(let pairs):
            return pairs.reduce(true) { passed, pair in
                let isKeyFine = check(pair.key, depth: depth + 1)
                return check(pair.value, depth: depth + 1) && isKeyFine && passed
            }
        case .alias: return false
        }
    }

    /// An alias cannot be told from its anchor, so it is the anchor that is refused, once.
    private func isAnchored(_ node: Node) -> Bool {
        guard node.anchor != nil else { return false }
        log.report(.aliasOrTag, "anchors and aliases are not supported", at: Spot(of: node).single, hint: "write the values out")
        return true
    }

    private func isTagged(_ node: Node) -> Bool {
        let tag = node.writtenTag
        guard !tag.isEmpty, tag != Tag.Name.str.rawValue, tag != Tag.Name.map.rawValue, tag != Tag.Name.seq.rawValue else { return false }
        log.report(.aliasOrTag, "the tag \(tag.quoted) is not supported", at: Spot(of: node).single, hint: "leave it out")
        return true
    }
}

extension Node {
    /// As in the file, without resolving.
    fileprivate var writtenTag: String {
        switch self {
        case .scalar(let scalar): scalar.tag.rawValue
        case .mapping(let mapping): mapping.tag.rawValue
        case .sequence(let sequence): sequence.tag.rawValue
        case .alias: ""
        }
    }
}

extension Spot {
    fileprivate var single: Spot { Spot(line: Int(line), column: Int(column), length: 1) }
}
