extension String {
    /// In double quotes, shortened, and with everything escaped that a terminal would obey.
    var quoted: String { "\"\(shown)\"" }

    /// The same without the quotes.
    var shown: String {
        var result = ""
        for (index, scalar) in unicodeScalars.enumerated() {
            guard index < 60 else { return result + "…" }
            switch scalar {
            case "\n": result += "\\n"
            case "\t": result += "\\t"
            case _ where scalar.isUnprintable: result += "\\u{\(String(scalar.value, radix: 16))}"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }
}

extension Sequence<String> {
    /// `a, b or c`
    var alternatives: String {
        let words = Array(self)
        guard let last = words.last, words.count > 1 else { return words.first ?? "" }
        return words.dropLast().joined(separator: ", ") + " or " + last
    }
}
