/// Addresses of one family as numbers, from one to another.
struct BitRange<Bits: FixedWidthInteger & UnsignedInteger & Sendable>: Sendable {
    let first: Bits
    let last: Bits

    /// Sorted, disjoint, neighbours merged.
    static func canonical(_ ranges: [BitRange]) -> [BitRange] {
        var result: [BitRange] = []
        result.reserveCapacity(ranges.count)
        for range in ranges.sorted(by: { $0.first < $1.first }) {
            if let before = result.last, before.last == .max || range.first <= before.last + 1 {
                result[result.count - 1] = BitRange(first: before.first, last: max(before.last, range.last))
            } else {
                result.append(range)
            }
        }
        return result
    }
}
