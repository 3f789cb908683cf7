import ArgumentParser

/// A duration as farm files write it: `100ms`, `2s`, `10m`, `1h`.
struct TimeSpan: ExpressibleByArgument, Equatable {
    let duration: Duration

    init(_ duration: Duration) { self.duration = duration }

    init?(argument: String) {
        let digits = argument.prefix { $0.isASCII && $0.isNumber }
        let unit = Self.milliseconds[String(argument.dropFirst(digits.count))]
        guard let count = Int64(digits), count <= 1_000_000_000, let unit else { return nil }
        duration = .milliseconds(count * unit)
    }

    var defaultValueDescription: String {
        let seconds = duration.components.seconds
        return seconds > 0 && seconds.isMultiple(of: 60) ? "\(seconds / 60)m" : "\(seconds)s"
    }

    private static let milliseconds: [String: Int64] = ["ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000]
}
