/// Durations as farm files write them: a whole number and a unit.
enum DurationText {
    struct Problem: Error {
        let message: String
        let hint: String
    }

    static let shortest = Duration.milliseconds(1)
    static let longest = Duration.seconds(24 * 3600)
    private static let units: [(name: String, length: Duration)] = [
        ("ms", .milliseconds(1)), ("s", .seconds(1)), ("m", .seconds(60)), ("h", .seconds(3600)),
    ]

    static func parse(_ text: String) -> Result<Duration, Problem> {
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        guard DecimalText.isInteger(digits), let unit = units.first(where: { $0.name == text.dropFirst(digits.count) }) else {
            return .failure(malformed(text, digits: digits))
        }
        // Ten digits of hours still fit; more digits than that are too long in any unit.
        guard digits.count <= 10, let count = Int(digits), unit.length * count <= longest else {
            return .failure(Problem(message: "it is too long", hint: "at most 24h"))
        }
        guard unit.length * count >= shortest else { return .failure(Problem(message: "it is too short", hint: "at least 1ms")) }
        return .success(unit.length * count)
    }

    private static func malformed(_ text: String, digits: Substring) -> Problem {
        if !digits.isEmpty, digits.count == text.count {
            return Problem(message: "the unit is missing", hint: "write \((text + "s").quoted) for seconds")
        }
        if text.contains(".") { return Problem(message: "fractions are not allowed", hint: "use a smaller unit: 500ms") }
        return Problem(message: "it is not a number and a unit", hint: "such as 500ms, 2s or 10m; units are ms, s, m and h")
    }
}
