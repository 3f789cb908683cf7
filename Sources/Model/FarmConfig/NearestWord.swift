/// Finds the word that was probably meant.
enum NearestWord {
    /// The candidate that is fewest edits away, if that is few enough to be a slip; the first one of equals.
    static func to(_ word: String, among candidates: some Sequence<String>) -> String? {
        guard word.utf8.count <= 64 else { return nil }
        let typed = word.lowercased()
        var best: (word: String, distance: Int)?
        for candidate in candidates {
            let distance = edits(from: Array(typed.utf8), to: Array(candidate.lowercased().utf8))
            if distance < best?.distance ?? Int.max { best = (candidate, distance) }
        }
        guard let best, best.distance <= max(1, max(typed.utf8.count, best.word.utf8.count) / 3) else { return nil }
        return best.word
    }

    /// Insertions, deletions, replacements and swaps of neighbours (optimal string alignment).
    static func edits(from source: [UInt8], to target: [UInt8]) -> Int {
        var beforeLast: [Int] = []
        var last = Array(0...target.count)
        for (row, left) in source.enumerated() {
            var current = [row + 1]
            for (column, right) in target.enumerated() {
                var cost = min(last[column] + (left == right ? 0 : 1), last[column + 1] + 1, current[column] + 1)
                if row > 0, column > 0, left == target[column - 1], source[row - 1] == right {
                    cost = min(cost, beforeLast[column - 1] + 1)
                }
                current.append(cost)
            }
            (beforeLast, last) = (last, current)
        }
        return last[target.count]
    }
}
