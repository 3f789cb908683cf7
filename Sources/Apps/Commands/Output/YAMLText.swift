/// YAML in block style. Whatever could be taken for another type than text is quoted.
enum YAMLText {
    static func of(_ tree: Tree) -> String { lines(tree).map { $0 + "\n" }.joined() }

    private static func lines(_ tree: Tree) -> [String] {
        switch tree {
        case .list(let items) where !items.isEmpty: items.flatMap { under("- ", lines($0)) }
        case .mapping(let pairs) where !pairs.isEmpty: pairs.flatMap(pair)
        case .text(let text): [scalar(text)]
        default: [JSONText.scalar(tree)]
        }
    }

    private static func pair(_ key: String, _ value: Tree) -> [String] {
        let name = scalar(key)
        switch value {
        case .mapping(let pairs) where !pairs.isEmpty: return ["\(name):"] + lines(value).map { "  " + $0 }
        case .list(let items) where !items.isEmpty: return ["\(name):"] + lines(value)
        case .text(let text) where isBlock(text): return ["\(name): |"] + block(text)
        default: return lines(value).map { "\(name): \($0)" }
        }
    }

    private static func block(_ text: String) -> [String] {
        text.dropLast().split(separator: "\n", omittingEmptySubsequences: false).map { "  " + $0 }
    }

    private static func under(_ mark: String, _ lines: [String]) -> [String] {
        lines.enumerated().map { ($0.offset == 0 ? mark : "  ") + $0.element }
    }

    /// Whole lines of plain characters, as rulesets are.
    private static func isBlock(_ text: String) -> Bool {
        text.hasSuffix("\n") && text.first != " " && text.first != "\n"
            && text.unicodeScalars.allSatisfy { $0 == "\n" || $0 == "\t" || !Printable.isHarmful($0) }
    }

    private static func scalar(_ text: String) -> String {
        isPlain(text) ? text : JSONText.quoted(text)
    }

    private static func isPlain(_ text: String) -> Bool {
        guard let first = text.unicodeScalars.first, isLetter(first) else { return false }
        let rest = text.unicodeScalars.allSatisfy { isLetter($0) || ("0"..."9").contains($0) || "-_./".unicodeScalars.contains($0) }
        return rest && !words.contains(text.lowercased())
    }

    private static func isLetter(_ scalar: Unicode.Scalar) -> Bool {
        ("a"..."z").contains(scalar) || ("A"..."Z").contains(scalar)
    }

    private static let words: Set<String> = ["true", "false", "null", "yes", "no", "on", "off", "y", "n"]
}
