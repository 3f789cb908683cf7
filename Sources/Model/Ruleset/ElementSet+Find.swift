extension ElementSet {
    /// The value of the element that the key falls on; empty for sets without values, nil when there is none.
    func find(_ key: [UInt8]) -> ArraySlice<UInt8>? {
        guard key.count == type.keyLength else { return nil }
        for rows in fragments.values {
            let index = type.isInterval ? (0..<rows.count).first { type.covers(rows, $0, key) } : rows.index(ofIdentity: key)
            if let index { return rows.value(index) }
        }
        return nil
    }
}

extension SetType {
    /// Whether each field of the key lies between the bounds of the element, in network order.
    fileprivate func covers(_ rows: ElementTable, _ index: Int, _ octets: [UInt8]) -> Bool {
        var (low, high, value) = (rows.key(index), rows.keyEnd(index), octets[...])
        for field in key {
            let length = key.count == 1 ? field.length : field.registerLength
            let part = value.prefix(length)
            let isBelow = part.lexicographicallyPrecedes(low.prefix(length))
            let isAbove = high.prefix(length).lexicographicallyPrecedes(part)
            if isBelow || isAbove { return false }
            (low, high, value) = (low.dropFirst(length), high.dropFirst(length), value.dropFirst(length))
        }
        return true
    }
}
