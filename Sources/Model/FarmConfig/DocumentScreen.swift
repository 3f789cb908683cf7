import Yams

/// Makes a document's nodes ours, and turns away anchors, tags and too many levels; nothing after this has to think of them.
struct DocumentScreen {
    let log: FaultLog

    /// Nil with a fault in the log.
    func checked(_ document: Node) -> SourceNode? { checked(document, depth: 1) }

    private func checked(_ node: Node, depth: Int) -> SourceNode? {
        switch node {
        case .scalar(let scalar):
            let isPlain = scalar.style == .plain || scalar.style == .any
            let spot = Spot(scalar.mark, length: isPlain ? max(1, scalar.string.unicodeScalars.count) : 0)
            guard isSound(scalar.anchor, scalar.tag, spot) else { return nil }
            return SourceNode(.scalar(SourceScalar(text: scalar.string, isPlain: isPlain)), at: spot)
        case .sequence(let sequence):
            let spot = Spot(sequence.mark, length: 1)
            guard isSound(sequence.anchor, sequence.tag, spot), isWithin(depth, spot) else { return nil }
            let entries = sequence.map { checked($0, depth: depth + 1) }
            let sound = entries.compactMap { $0 }
            return sound.count == entries.count ? SourceNode(.list(sound), at: spot) : nil
        case .mapping(let mapping):
            let spot = Spot(mapping.mark, length: 1)
            guard isSound(mapping.anchor, mapping.tag, spot), isWithin(depth, spot) else { return nil }
            return pairs(mapping, depth: depth + 1).map { SourceNode(.mapping($0), at: spot) }
        case .alias: return nil
        }
    }

    private func pairs(_ mapping: Node.Mapping, depth: Int) -> [(key: SourceNode, value: SourceNode)]? {
        var pairs: [(key: SourceNode, value: SourceNode)] = []
        pairs.reserveCapacity(mapping.count)
        for pair in mapping {
            let (key, value) = (checked(pair.key, depth: depth), checked(pair.value, depth: depth))
            if let key, let value { pairs.append((key, value)) }
        }
        return pairs.count == mapping.count ? pairs : nil
    }

    /// An alias cannot be told from its anchor, so it is the anchor that is refused, once.
    private func isSound(_ anchor: Anchor?, _ tag: Tag, _ spot: Spot) -> Bool {
        let place = Spot(line: Int(spot.line), column: Int(spot.column), length: 1)
        if anchor != nil {
            log.report(.aliasOrTag, "anchors and aliases are not supported", at: place, hint: "write the values out")
            return false
        }
        let name = tag.rawValue
        if name.isEmpty || name == Tag.Name.str.rawValue || name == Tag.Name.map.rawValue || name == Tag.Name.seq.rawValue { return true }
        log.report(.aliasOrTag, "the tag \(name.quoted) is not supported", at: place, hint: "leave it out")
        return false
    }

    private func isWithin(_ depth: Int, _ spot: Spot) -> Bool {
        if depth <= FarmLimits.depth { return true }
        log.report(.tooDeep, "more than \(FarmLimits.depth) levels of mappings and lists", at: spot, hint: "a farm needs five")
        return false
    }
}

extension Spot {
    fileprivate init(_ mark: Mark?, length: Int) {
        self.init(line: mark?.line ?? 1, column: mark?.column ?? 1, length: length)
    }
}
