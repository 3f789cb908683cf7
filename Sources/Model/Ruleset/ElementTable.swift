import Glibc

/// The elements of a set, or of one farm in it: rows of equal length in one buffer, sorted by key.
///
/// 127 000 elements of a slot map are 3 MB this way; as objects they were over 20 MB.
/// A row is the key, for interval sets the key's upper end, then the value; all as the kernel holds them in registers.
public struct ElementTable: Sendable, Hashable {
    public struct Layout: Sendable, Hashable {
        public let keyLength: Int
        public let isInterval: Bool
        public let valueLength: Int

        /// What makes a row unique: the key, with its end where there is one.
        public var identityLength: Int { isInterval ? 2 * keyLength : keyLength }
        public var rowLength: Int { identityLength + valueLength }
    }

    /// A verdict as a value: the name of the chain to go to, padded with zeros. "" is accept.
    public static let verdictLength = 64

    public let layout: Layout
    public private(set) var bytes: [UInt8]

    public init(_ layout: Layout) {
        (self.layout, bytes) = (layout, [])
    }

    public var count: Int { bytes.count / layout.rowLength }
    public var isEmpty: Bool { bytes.isEmpty }

    /// Sorts the rows. Of rows with an equal key the first one given stays.
    public init(_ layout: Layout, unsortedRows: [UInt8]) {
        precondition(unsortedRows.count % layout.rowLength == 0, "rows of \(layout.rowLength) octets expected")
        self.layout = layout
        guard !Self.isInOrder(unsortedRows, layout) else {
            bytes = Self.fitting(unsortedRows)
            return
        }
        let order = unsortedRows.withUnsafeBytes { rows in
            let length = layout.rowLength
            return (0..<rows.count / length).sorted { left, right in
                let comparison = compareOctets(rows, left * length, rows, right * length, layout.identityLength)
                return comparison == 0 ? left < right : comparison < 0
            }
        }
        bytes = []
        bytes.reserveCapacity(unsortedRows.count)
        for index in order { appendIfNew(unsortedRows, at: index * layout.rowLength) }
    }

    /// Takes rows as they are: sorted by key, each key once. For large tables that their maker has in order anyway.
    public init(_ layout: Layout, sortedRows: [UInt8]) {
        precondition(sortedRows.count % layout.rowLength == 0, "rows of \(layout.rowLength) octets expected")
        self.layout = layout
        bytes = sortedRows
        assert(Self.isInOrder(bytes, layout), "rows in the order of their keys expected")
    }

    /// In no more memory than they need: who appended them has left room for as many again.
    private static func fitting(_ rows: [UInt8]) -> [UInt8] {
        guard rows.capacity > rows.count + rows.count / 8 else { return rows }
        return Array(unsafeUninitializedCapacity: rows.count) { buffer, count in
            count = rows.count
            _ = buffer.initialize(from: rows)
        }
    }

    /// Whether the rows are sorted by key, each key once.
    private static func isInOrder(_ rows: [UInt8], _ layout: Layout) -> Bool {
        let length = layout.rowLength
        return rows.withUnsafeBytes { rows in
            stride(from: length, to: rows.count, by: length).allSatisfy {
                compareOctets(rows, $0 - length, rows, $0, layout.identityLength) < 0
            }
        }
    }

    /// One table of many; of keys that occur in several, the first one given stays.
    public init(merging tables: some Collection<ElementTable>, layout: Layout) {
        // Tables of farms seldom overlap: behind one another they are in order.
        let filled = tables.filter { !$0.isEmpty }
        let sorted = filled.sorted { $0.isBefore($1) }
        let isInOrder = zip(sorted, sorted.dropFirst()).allSatisfy { $0.ends(before: $1) }
        let parts = isInOrder ? sorted : filled
        var rows: [UInt8] = []
        rows.reserveCapacity(parts.reduce(0) { $0 + $1.bytes.count })
        for table in parts { rows.append(contentsOf: table.bytes) }
        if isInOrder { self.init(layout, sortedRows: rows) } else { self.init(layout, unsortedRows: rows) }
    }

    /// By the first rows of both.
    private func isBefore(_ other: ElementTable) -> Bool { compare(0, to: other, 0) < 0 }
    /// The last row of this one, the first of the other.
    private func ends(before other: ElementTable) -> Bool { compare(count - 1, to: other, 0) < 0 }

    private func compare(_ index: Int, to other: ElementTable, _ otherIndex: Int) -> Int {
        bytes.withUnsafeBytes { mine in
            other.bytes.withUnsafeBytes {
                compareOctets(mine, index * layout.rowLength, $0, otherIndex * layout.rowLength, layout.identityLength)
            }
        }
    }

    private mutating func appendIfNew(_ rows: [UInt8], at offset: Int) {
        let isDuplicate =
            !bytes.isEmpty
            && bytes.withUnsafeBytes { mine in
                rows.withUnsafeBytes { compareOctets(mine, mine.count - layout.rowLength, $0, offset, layout.identityLength) == 0 }
            }
        guard !isDuplicate else { return }
        bytes.append(contentsOf: rows[offset..<offset + layout.rowLength])
    }

    /// The row at `index`, 0 ..< count.
    public func row(_ index: Int) -> ArraySlice<UInt8> {
        bytes[index * layout.rowLength..<(index + 1) * layout.rowLength]
    }
    public func key(_ index: Int) -> ArraySlice<UInt8> { row(index).prefix(layout.keyLength) }
    /// What makes the row unique: the key, with its end where there is one.
    public func identity(_ index: Int) -> ArraySlice<UInt8> { row(index).prefix(layout.identityLength) }
    /// The upper end of an interval's key; the key itself in other sets.
    public func keyEnd(_ index: Int) -> ArraySlice<UInt8> {
        layout.isInterval ? row(index).dropFirst(layout.keyLength).prefix(layout.keyLength) : key(index)
    }
    public func value(_ index: Int) -> ArraySlice<UInt8> { row(index).suffix(layout.valueLength) }

    /// Finds the row whose identity (key and, for intervals, key end) is equal; nil if there is none.
    public func index(ofIdentity identity: some Collection<UInt8>) -> Int? {
        let wanted = Array(identity)
        var (low, high) = (0, count)
        return bytes.withUnsafeBytes { mine in
            wanted.withUnsafeBytes { wanted in
                while low < high {
                    let middle = (low + high) / 2
                    let comparison = compareOctets(mine, middle * layout.rowLength, wanted, 0, layout.identityLength)
                    if comparison == 0 { return middle }
                    if comparison < 0 { low = middle + 1 } else { high = middle }
                }
                return nil
            }
        }
    }
}

extension ElementTable {
    /// Rows to delete from `self` and rows to add so that it becomes `new`; a changed value is both.
    public func difference(to new: ElementTable) -> (removed: ElementTable, added: ElementTable) {
        var (removed, added) = (ElementTable(layout), ElementTable(layout))
        guard !isIdentical(to: new) else { return (removed, added) }
        let length = layout.rowLength
        var (left, right) = (0, 0)
        bytes.withUnsafeBytes { old in
            new.bytes.withUnsafeBytes { fresh in
                while left < old.count || right < fresh.count {
                    if areEqual(old, left, fresh, right, Self.stretch * length) {
                        (left, right) = (left + Self.stretch * length, right + Self.stretch * length)
                        continue
                    }
                    let order =
                        left == old.count
                        ? 1
                        : right == fresh.count
                            ? -1
                            : compareOctets(old, left, fresh, right, layout.identityLength)
                    let isSame = order == 0 && compareOctets(old, left, fresh, right, length) == 0
                    if order <= 0 {
                        if !isSame { removed.bytes.append(contentsOf: old[left..<left + length]) }
                        left += length
                    }
                    if order >= 0 {
                        if !isSame { added.bytes.append(contentsOf: fresh[right..<right + length]) }
                        right += length
                    }
                }
            }
        }
        return (removed, added)
    }

    /// Rows that are compared at once, as most have not changed.
    private static let stretch = 16

    /// Equal because it is the same buffer: what makes a diff of thousands of untouched farms cheap.
    public func isIdentical(to other: ElementTable) -> Bool {
        bytes.withUnsafeBytes { mine in
            other.bytes.withUnsafeBytes { $0.count == mine.count && $0.baseAddress == mine.baseAddress }
        }
    }

    /// At most `count` rows from row `start` on.
    public func slice(from start: Int, count: Int) -> ElementTable {
        var part = ElementTable(layout)
        part.bytes = Array(bytes[min(start * layout.rowLength, bytes.count)..<min((start + count) * layout.rowLength, bytes.count)])
        return part
    }
}

/// Whether both go on for `length` octets, alike.
private func areEqual(_ left: UnsafeRawBufferPointer, _ leftOffset: Int, _ right: UnsafeRawBufferPointer, _ rightOffset: Int, _ length: Int)
    -> Bool
{
    guard leftOffset + length <= left.count, rightOffset + length <= right.count, let one = left.baseAddress, let other = right.baseAddress
    else { return false }
    return memcmp(one + leftOffset, other + rightOffset, length) == 0
}

@inline(__always)
func compareOctets(_ left: UnsafeRawBufferPointer, _ leftOffset: Int, _ right: UnsafeRawBufferPointer, _ rightOffset: Int, _ length: Int)
    -> Int
{
    var offset = 0
    while offset + 8 <= length {
        let a = UInt64(bigEndian: left.loadUnaligned(fromByteOffset: leftOffset + offset, as: UInt64.self))
        let b = UInt64(bigEndian: right.loadUnaligned(fromByteOffset: rightOffset + offset, as: UInt64.self))
        if a != b { return a < b ? -1 : 1 }
        offset += 8
    }
    while offset < length {
        let (a, b) = (left[leftOffset + offset], right[rightOffset + offset])
        if a != b { return a < b ? -1 : 1 }
        offset += 1
    }
    return 0
}
