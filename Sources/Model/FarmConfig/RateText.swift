import FarmModel

/// Rates as farm files write them: a whole number, a slash and a unit.
enum RateText {
    struct Problem: Error {
        let message: String
        let hint: String
    }

    static let rule = "a rate such as 20/s or 5/m; units are s, m, h and d"
    /// ECMA 262, for editors.
    static let pattern = "^[1-9][0-9]*/[smhd]$"

    static func parse(_ text: String) -> Result<Rate, Problem> {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2, DecimalText.isInteger(parts[0]) else { return .failure(malformed(text)) }
        guard let unit = Rate.Unit.allCases.first(where: { $0.letter == parts[1] }) else {
            let known = Rate.Unit.allCases.first { !parts[1].isEmpty && $0.rawValue.hasPrefix(parts[1].lowercased()) }
            return .failure(
                Problem(
                    message: "the unit is unknown",
                    hint: known.map { "write \("\(parts[0])/\($0.letter)".quoted)" } ?? "units are s, m, h and d"))
        }
        guard let count = Int(parts[0]), count <= Rate.largest else {
            return .failure(Problem(message: "it is too large", hint: "at most \(Rate.largest)"))
        }
        guard count >= 1 else { return .failure(Problem(message: "it is too small", hint: "at least 1, of a longer unit if need be")) }
        return .success(Rate(count, per: unit))
    }

    private static func malformed(_ text: String) -> Problem {
        if DecimalText.isInteger(text) { return Problem(message: "the unit is missing", hint: "write \("\(text)/s".quoted) for a second") }
        return Problem(message: "it is not a number and a unit", hint: "such as 20/s or 5/m; units are s, m, h and d")
    }
}
