extension ElementSet {
    /// For each key the value of the element that it falls on: empty for sets without values, nil when there is none.
    ///
    /// Keys of one packet: they differ in few fields, as where each may be another slot.
    func find(_ keys: [[UInt8]]) -> [[UInt8]?] {
        guard let first = keys.first, first.count == type.keyLength else { return keys.map { _ in nil } }
        let finders = fragments.values.map { ElementFinder($0, type, keys) ?? .exact($0) }
        return keys.map { key in finders.lazy.compactMap { $0.find(key) }.first }
    }
}

/// Looks keys up in one table.
private enum ElementFinder {
    case exact(ElementTable)
    /// One field: intervals that do not overlap, in order.
    case ordered(ElementTable)
    /// Rows that cover what the keys have in common, by the fields in which keys differ.
    case grouped([[UInt8]: Int], ElementTable, differing: [Range<Int>])
    case listed([Int], ElementTable, SetType)

    init?(_ rows: ElementTable, _ type: SetType, _ keys: [[UInt8]]) {
        guard type.isInterval else { return nil }
        guard type.key.count > 1 else {
            self = .ordered(rows)
            return
        }
        let differing = type.keyRanges.filter { field in keys.contains { $0[field] != keys[0][field] } }
        let common = type.keyRanges.filter { !differing.contains($0) }
        let matches = (0..<rows.count).filter { rows.covers($0, keys[0], common) }
        let isExact = matches.allSatisfy { index in differing.allSatisfy { rows.isPoint(index, $0) } }
        self =
            isExact
            ? .grouped(rows.index(matches, by: differing), rows, differing: differing) : .listed(matches, rows, type)
    }

    func find(_ key: [UInt8]) -> [UInt8]? {
        switch self {
        case .exact(let rows): rows.index(ofIdentity: key).map { Array(rows.value($0)) }
        case .ordered(let rows): rows.indexOfInterval(around: key).map { Array(rows.value($0)) }
        case .grouped(let index, let rows, let differing): index[differing.flatMap { key[$0] }].map { Array(rows.value($0)) }
        case .listed(let matches, let rows, let type): matches.first { rows.covers($0, key, type.keyRanges) }.map { Array(rows.value($0)) }
        }
    }
}

extension SetType {
    /// Where each field of a concatenated key stands.
    fileprivate var keyRanges: [Range<Int>] {
        var start = 0
        return key.map { field in
            defer { start += field.registerLength }
            return start..<start + field.registerLength
        }
    }
}

extension ElementTable {
    /// Whether these fields of the key lie between the bounds of the element, in network order.
    fileprivate func covers(_ index: Int, _ key: [UInt8], _ fields: [Range<Int>]) -> Bool {
        let row = index * layout.rowLength
        return bytes.withUnsafeBytes { rows in
            key.withUnsafeBytes { key in
                fields.allSatisfy { field in
                    let (low, high) = (row + field.lowerBound, row + layout.keyLength + field.lowerBound)
                    return compareOctets(rows, low, key, field.lowerBound, field.count) <= 0
                        && compareOctets(key, field.lowerBound, rows, high, field.count) <= 0
                }
            }
        }
    }

    fileprivate func isPoint(_ index: Int, _ field: Range<Int>) -> Bool {
        let row = index * layout.rowLength + field.lowerBound
        return bytes.withUnsafeBytes { compareOctets($0, row, $0, row + layout.keyLength, field.count) == 0 }
    }

    /// Of rows that are alike in these fields the first one counts.
    fileprivate func index(_ rows: [Int], by fields: [Range<Int>]) -> [[UInt8]: Int] {
        Dictionary(rows.map { index in (fields.flatMap { field in key(index).dropFirst(field.lowerBound).prefix(field.count) }, index) }) {
            first, _ in first
        }
    }

    /// The last interval that does not begin behind the key, if it does not end before it.
    fileprivate func indexOfInterval(around key: [UInt8]) -> Int? {
        var (low, high) = (0, count)
        return bytes.withUnsafeBytes { rows in
            key.withUnsafeBytes { key in
                while low < high {
                    let middle = (low + high) / 2
                    if compareOctets(rows, middle * layout.rowLength, key, 0, key.count) <= 0 { low = middle + 1 } else { high = middle }
                }
                guard low > 0 else { return nil }
                let end = (low - 1) * layout.rowLength + layout.keyLength
                return compareOctets(key, 0, rows, end, key.count) <= 0 ? low - 1 : nil
            }
        }
    }
}
