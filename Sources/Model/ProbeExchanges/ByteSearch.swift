/// A search for bytes in a stream, one step a byte however often the beginning repeats (Knuth, Morris and Pratt, 1977).
struct ByteSearch {
    private let wanted: [UInt8]
    /// For each prefix: the length of its longest proper end that is a prefix too.
    private let fallback: [Int]
    private var matched = 0
    /// It has occurred; stays so.
    private(set) var isFound: Bool

    init(_ wanted: [UInt8]) {
        self.wanted = wanted
        isFound = wanted.isEmpty
        var (fallback, length) = ([Int](repeating: 0, count: wanted.count), 0)
        for index in wanted.indices.dropFirst() {
            while length > 0, wanted[index] != wanted[length] { length = fallback[length - 1] }
            if wanted[index] == wanted[length] { length += 1 }
            fallback[index] = length
        }
        self.fallback = fallback
    }

    mutating func take(_ byte: UInt8) {
        guard !isFound else { return }
        while matched > 0, byte != wanted[matched] { matched = fallback[matched - 1] }
        if byte == wanted[matched] { matched += 1 }
        isFound = matched == wanted.count
    }
}
