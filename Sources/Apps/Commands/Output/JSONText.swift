/// JSON for people and `jq`: two spaces an indent, keys sorted.
enum JSONText {
    static func of(_ tree: Tree) -> String { lines(tree, indent: "") + "\n" }

    static func lines(_ tree: Tree, indent: String) -> String {
        let inner = indent + "  "
        switch tree {
        case .list(let items) where !items.isEmpty:
            return "[\n" + items.map { inner + lines($0, indent: inner) }.joined(separator: ",\n") + "\n\(indent)]"
        case .mapping(let pairs) where !pairs.isEmpty:
            let rows = pairs.map { "\(inner)\(quoted($0.key)): \(lines($0.value, indent: inner))" }
            return "{\n" + rows.joined(separator: ",\n") + "\n\(indent)}"
        default: return scalar(tree)
        }
    }

    static func scalar(_ tree: Tree) -> String {
        switch tree {
        case .null: "null"
        case .flag(let flag): flag ? "true" : "false"
        case .integer(let integer): "\(integer)"
        case .number(let number): "\(number)"
        case .text(let text): quoted(text)
        case .list: "[]"
        case .mapping: "{}"
        }
    }

    /// RFC 8259 § 7; a double-quoted scalar of YAML reads the same.
    static func quoted(_ text: String) -> String {
        "\"" + text.unicodeScalars.map(escaped).joined() + "\""
    }

    private static func escaped(_ scalar: Unicode.Scalar) -> String {
        switch scalar {
        case "\"": return "\\\""
        case "\\": return "\\\\"
        case "\n": return "\\n"
        case "\t": return "\\t"
        case "\r": return "\\r"
        case _ where scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value) || (0x2028...0x2029).contains(scalar.value):
            let digits = String(scalar.value, radix: 16)
            return "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
        default: return String(scalar)
        }
    }
}
