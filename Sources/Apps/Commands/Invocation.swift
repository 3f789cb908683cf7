/// A command line whose options before the noun stand where the parser wants them: `lbctl --socket PATH -o json farm list` means the
/// same as `lbctl farm list --socket PATH -o json`, which is all that the parser understands.
struct Invocation {
    @TaskLocal static var socketPath: String?

    var socketPath: String?
    var arguments: [String]

    /// What may stand before the noun. Other options mean something to their own command only.
    private static let spellings: Set<String> = ["--socket", "--output", "-o"]

    init(_ arguments: [String]) {
        var (rest, output) = (arguments[...], [String]())
        while let (spelling, value, count) = Self.leadingOption(of: rest) {
            rest.removeFirst(count)
            if spelling == "--socket" { socketPath = value } else { output = [spelling, value] }
        }
        // Behind `--` nothing is an option.
        let end = rest.firstIndex(of: "--") ?? rest.endIndex
        // What stands behind the noun is nearer to it.
        let isSaid = rest[..<end].contains { word in ["-o", "--output"].contains(word) || word.hasPrefix("--output=") }
        self.arguments = rest[..<end] + (isSaid ? [] : output) + rest[end...]
    }

    /// What to say when the command line is not understood and begins with an option that is none of those.
    var hint: String? {
        guard let first = arguments.first, first.hasPrefix("-") else { return nil }
        return "Options stand behind the command that they belong to; --socket and -o may stand before it."
    }

    /// `--socket PATH`, `--socket=PATH`; nil when there is none, or its value is lacking.
    private static func leadingOption(of words: ArraySlice<String>) -> (spelling: String, value: String, count: Int)? {
        guard let first = words.first else { return nil }
        let parts = first.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        guard spellings.contains(parts[0]) else { return nil }
        if parts.count == 2 { return (parts[0], parts[1], 1) }
        return words.dropFirst().first.map { (first, $0, 2) }
    }
}
