/// Durations as farm files, settings and `lbctl` write them: a whole number and a unit, as in `500ms`, `2s`, `10m` or `1h`.
public enum DurationText {
    public struct Problem: Error {
        public let message: String
        public let hint: String
    }

    public static let shortest = Duration.milliseconds(1)
    public static let longest = Duration.seconds(24 * 3600)
    private static let units: [(name: String, length: Duration)] = [
        ("ms", .milliseconds(1)), ("s", .seconds(1)), ("m", .seconds(60)), ("h", .seconds(3600)),
    ]

    public static func parse(_ text: String, in range: ClosedRange<Duration> = shortest...longest) -> Result<Duration, Problem> {
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        guard DecimalText.isInteger(digits), let unit = units.first(where: { $0.name == text.dropFirst(digits.count) }) else {
            return .failure(malformed(text, digits: digits))
        }
        // Ten digits of hours still fit; more digits than that are too long in any unit.
        guard digits.count <= 10, let count = Int(digits), unit.length * count <= range.upperBound else {
            return .failure(Problem(message: "it is too long", hint: "at most \(words(range.upperBound))"))
        }
        guard unit.length * count >= range.lowerBound else {
            return .failure(Problem(message: "it is too short", hint: "at least \(words(range.lowerBound))"))
        }
        return .success(unit.length * count)
    }

    /// In the largest unit that needs no fraction.
    private static func words(_ duration: Duration) -> String {
        let unit = units.last { (duration / $0.length).rounded() == duration / $0.length && duration >= $0.length }
        return unit.map { "\(Int(duration / $0.length))\($0.name)" } ?? "0s"
    }

    private static func malformed(_ text: String, digits: Substring) -> Problem {
        if !digits.isEmpty, digits.count == text.count {
            return Problem(message: "the unit is missing", hint: "write \((text + "s").quoted) for seconds")
        }
        if text.contains(".") { return Problem(message: "fractions are not allowed", hint: "use a smaller unit: 500ms") }
        return Problem(message: "it is not a number and a unit", hint: "such as 500ms, 2s or 10m; units are ms, s, m and h")
    }
}
