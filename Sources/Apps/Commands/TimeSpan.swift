import ArgumentParser

/// A duration as farm files write it: `100ms`, `2s`, `10m`, `1h`.
struct TimeSpan: Equatable {
    let duration: Duration

    init(_ duration: Duration) { self.duration = duration }

    init?(argument: String) {
        let digits = argument.prefix { $0.isASCII && $0.isNumber }
        let unit = Self.milliseconds[String(argument.dropFirst(digits.count))]
        guard let count = Int64(digits), count <= 1_000_000_000, let unit else { return nil }
        duration = .milliseconds(count * unit)
    }

    /// For options: the parser puts the words of the error behind the value that it could not use.
    static func read(_ argument: String) throws -> TimeSpan {
        if let span = TimeSpan(argument: argument) { return span }
        let lacksUnit = !argument.isEmpty && argument.allSatisfy { $0.isASCII && $0.isNumber }
        throw ValidationError(
            lacksUnit
                ? "the unit is missing: \(argument)s is that many seconds; units are ms, s, m and h"
                : "write a whole number and ms, s, m or h: 500ms, 2s, 10m")
    }

    private static let milliseconds: [String: Int64] = ["ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000]
}
