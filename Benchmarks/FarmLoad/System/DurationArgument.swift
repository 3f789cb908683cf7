import ArgumentParser

/// `100ms`, `2s`, `5m` on the command line.
struct DurationArgument: ExpressibleByArgument {
    let duration: Duration

    init(_ duration: Duration) { self.duration = duration }

    init?(argument: String) {
        let number = argument.prefix { $0.isNumber || $0 == "." }
        guard let value = Double(number), let unit = Self.nanosecondsPerUnit[String(argument.dropFirst(number.count))] else { return nil }
        duration = .nanoseconds(Int64(value * unit))
    }

    var defaultValueDescription: String { "\(duration)" }

    private static let nanosecondsPerUnit: [String: Double] = ["us": 1e3, "ms": 1e6, "s": 1e9, "m": 60e9]
}
