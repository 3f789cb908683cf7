import CNetfilter
import Ruleset
import Seams

/// Turns the elements of a dump into rows, without an object for any of them.
struct ElementReader {
    private let type: SetType
    private let swaps: [Int]
    private var rows: [UInt8] = []
    /// By row: milliseconds until it leaves, 0 for one that stays. Kept of dynamic sets only.
    private var expirations: [UInt64] = []
    /// By row, of sets whose elements count.
    private var counters: [RuleCounter] = []
    private var strange = 0
    private var ranges = RangeAssembler()

    init(_ type: SetType) { (self.type, swaps) = (type, type.swappedWords) }

    var table: ElementTable {
        type.isRangeOfOneField
            ? ElementTable(type.layout, unsortedRows: ranges.rows(keyLength: type.keyLength))
            : ElementTable(type.layout, unsortedRows: rows)
    }

    /// The elements of a dynamic set in the order of their keys.
    var dynamicElements: DynamicElements {
        let (table, length) = (table, type.layout.rowLength)
        var remaining = [Duration?](repeating: nil, count: table.count)
        for (row, milliseconds) in expirations.enumerated() where milliseconds > 0 {
            let identity = rows[row * length..<row * length + type.layout.identityLength]
            if let index = table.index(ofIdentity: identity) { remaining[index] = .milliseconds(milliseconds) }
        }
        return DynamicElements(rows: table, remaining: remaining)
    }

    /// What the elements have counted.
    var elementCounters: ElementCounters {
        let (row, identity) = (type.layout.rowLength, type.layout.identityLength)
        return counters.enumerated().reduce(into: ElementCounters(minimumCapacity: counters.count)) { result, entry in
            result[Array(rows[entry.offset * row..<entry.offset * row + identity])] = entry.element
        }
    }

    /// How the elements that were read agree with the kernel's own count of them (Linux 6.15), nil where it tells none.
    ///
    /// After a large load the kernel goes on growing its hash table for a while. A dump continues by position, and what
    /// has moved meanwhile is then given twice or left out.
    func wholeness(_ table: ElementTable, count: UInt32?) -> Wholeness {
        guard !type.isRangeOfOneField else { return .whole }
        if table.count * type.layout.rowLength != rows.count { return .torn }
        guard let count else { return .whole }
        return table.count + strange == Int(count) ? .whole : .miscounted
    }

    enum Wholeness { case whole, miscounted, torn }

    /// Elements of a kind that we never make, in words.
    var foreign: [String] { strange == 0 ? [] : ["\(strange) element\(strange == 1 ? " that is" : "s that are") not ours"] }

    mutating func read(_ message: Attributes) {
        for list in message where UInt32(list.type) == NFTA_SET_ELEM_LIST_ELEMENTS.rawValue {
            for element in list.nested { read(element) }
        }
    }

    private struct Parts {
        var (key, keyEnd, value): (UnsafeRawBufferPointer?, UnsafeRawBufferPointer?, Attribute?)
        var flags: UInt32 = 0
        var expiration: UInt64 = 0
        var counter = RuleCounter(packets: 0, bytes: 0)
    }

    private mutating func read(_ element: Attribute) {
        var parts = Parts()
        for attribute in element.nested {
            switch UInt32(attribute.type) {
            case NFTA_SET_ELEM_KEY.rawValue: parts.key = attribute.first(NFTA_DATA_VALUE)?.content
            case NFTA_SET_ELEM_KEY_END.rawValue: parts.keyEnd = attribute.first(NFTA_DATA_VALUE)?.content
            case NFTA_SET_ELEM_DATA.rawValue: parts.value = attribute
            case NFTA_SET_ELEM_FLAGS.rawValue: parts.flags = attribute.number ?? 0
            case NFTA_SET_ELEM_EXPIRATION.rawValue: parts.expiration = attribute.longNumber ?? 0
            case NFTA_SET_ELEM_EXPR.rawValue where type.isCounted: parts.counter = RuleCounter(attribute)
            default: break
            }
        }
        if !append(parts) { strange += 1 }
    }

    /// Returns false for an element that has no place in a set of this type.
    private mutating func append(_ parts: Parts) -> Bool {
        let isEnd = parts.flags == UInt32(NFT_SET_ELEM_INTERVAL_END.rawValue) && type.isRangeOfOneField
        guard let key = parts.key, key.count == type.keyLength, parts.flags == 0 || isEnd else { return false }
        if isEnd {
            ranges.end(Array(key))
            return true
        }
        if type.isRangeOfOneField {
            var value: [UInt8] = []
            guard Self.appendValue(parts.value, type, to: &value) else { return false }
            ranges.begin(Array(key), value)
            return true
        }
        let start = rows.count
        appendKey(key)
        // A range of one value has no end of its own in some kernels.
        if type.isInterval { appendKey(parts.keyEnd ?? key) }
        guard rows.count - start == type.layout.identityLength, Self.appendValue(parts.value, type, to: &rows) else {
            rows.removeSubrange(start...)
            return false
        }
        if type.dynamic != nil { expirations.append(parts.expiration) }
        if type.isCounted { counters.append(parts.counter) }
        return true
    }

    private mutating func appendKey(_ key: UnsafeRawBufferPointer) {
        let start = rows.count
        rows.append(contentsOf: key)
        for offset in swaps where start + offset + 4 <= rows.count {
            rows.swapAt(start + offset, start + offset + 3)
            rows.swapAt(start + offset + 1, start + offset + 2)
        }
    }

    /// Static, as a use of `self` beside `rows` would copy all the rows.
    private static func appendValue(_ attribute: Attribute?, _ type: SetType, to rows: inout [UInt8]) -> Bool {
        switch type.value {
        case .none: return attribute == nil
        case .fields:
            guard let value = attribute?.first(NFTA_DATA_VALUE)?.content, value.count == type.valueLength else { return false }
            rows.append(contentsOf: value)
            return true
        case .verdict:
            guard let verdict = attribute?.first(NFTA_DATA_VERDICT), let chain = chain(verdict) else { return false }
            rows.append(contentsOf: chain)
            rows.append(contentsOf: repeatElement(0, count: ElementTable.verdictLength - chain.count))
            return true
        }
    }

    /// The chain that a verdict goes to, "" for accept; nil for other verdicts.
    private static func chain(_ verdict: Attribute) -> [UInt8]? {
        let code = verdict.first(NFTA_VERDICT_CODE)?.number.map(Int32.init(bitPattern:))
        if code == NF_ACCEPT { return [] }
        guard code == NFT_GOTO.rawValue, let name = verdict.first(NFTA_VERDICT_CHAIN)?.string else { return nil }
        let octets = Array(name.utf8)
        return octets.count < ElementTable.verdictLength ? octets : nil
    }
}

extension RuleCounter {
    /// As a `counter` expression is dumped.
    fileprivate init(_ expression: Attribute) {
        let content = expression.first(NFTA_EXPR_DATA)
        self.init(
            packets: content?.first(NFTA_COUNTER_PACKETS)?.longNumber ?? 0, bytes: content?.first(NFTA_COUNTER_BYTES)?.longNumber ?? 0)
    }
}

extension SetType {
    /// Ranges of a lone field stand in the kernel as two elements: a beginning, and an end that is no longer in it.
    var isRangeOfOneField: Bool { isInterval && key.count == 1 }
}

/// Joins beginnings and ends, which the kernel dumps in any order.
struct RangeAssembler {
    private var starts: [(key: [UInt8], value: [UInt8])] = []
    private var ends: [[UInt8]] = []

    mutating func begin(_ key: [UInt8], _ value: [UInt8]) { starts.append((key, value)) }
    mutating func end(_ key: [UInt8]) { ends.append(key) }

    func rows(keyLength: Int) -> [UInt8] {
        let ends = ends.sorted { $0.lexicographicallyPrecedes($1) }
        var (next, rows): (Int, [UInt8]) = (0, [])
        for start in starts.sorted(by: { $0.key.lexicographicallyPrecedes($1.key) }) {
            while next < ends.count, !start.key.lexicographicallyPrecedes(ends[next]) { next += 1 }
            let last = next < ends.count ? Self.predecessor(ends[next]) : [UInt8](repeating: 0xFF, count: keyLength)
            rows += start.key + last + start.value
        }
        return rows
    }

    private static func predecessor(_ number: [UInt8]) -> [UInt8] {
        var number = number
        for index in number.indices.reversed() {
            number[index] &-= 1
            if number[index] != 0xFF { break }
        }
        return number
    }
}
