/// Where a token stands in the file at hand; small, because every listener of every farm keeps its own until the end.
struct Spot: Hashable, Comparable {
    let line: Int32
    let column: Int32
    /// In Unicode scalars; 0 for a quoted scalar, whose end is looked up when it is needed.
    let length: Int32

    init(line: Int, column: Int, length: Int) {
        self.line = Int32(clamping: max(1, line))
        self.column = Int32(clamping: max(1, column))
        self.length = Int32(clamping: length)
    }

    static func < (left: Spot, right: Spot) -> Bool { (left.line, left.column) < (right.line, right.column) }
}

extension Array {
    /// The first index whose element fulfils the condition, or the count; the array has to be partitioned by it.
    func partitionedIndex(where condition: (Element) -> Bool) -> Int {
        var (low, high) = (0, count)
        while low < high {
            let middle = (low + high) / 2
            if condition(self[middle]) { high = middle } else { low = middle + 1 }
        }
        return low
    }
}
