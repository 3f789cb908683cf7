import ReconcilePolicy
import Yams

extension Settings {
    static let handoverWords =
        "a mapping such as { quiet: 60s, limit: 10m, udpHold: 60s }, of durations up to \(HandoverSettings.longestLimit.components.seconds / 60)m"
}

extension HandoverSettings {
    /// Nil for anything but a mapping of the three keys to durations; what is absent has its default.
    init?(_ node: Node) {
        guard let mapping = node.mapping else { return nil }
        self.init()
        for (key, value) in mapping {
            guard let text = value.scalar?.string, let duration = Self.duration(text), duration <= Self.longestLimit else { return nil }
            switch key.scalar?.string {
            case "quiet" where duration > .zero: quiet = duration
            case "limit": limit = duration
            case "udpHold": udpHold = duration
            default: return nil
            }
        }
    }

    /// `500ms`, `2s`, `10m`, `1h`; zero too.
    private static func duration(_ text: String) -> Duration? {
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        guard digits.count <= 7, let count = Int(digits) else { return nil }
        return switch text.dropFirst(digits.count) {
        case "ms": .milliseconds(count)
        case "s": .seconds(count)
        case "m": .seconds(60 * count)
        case "h": .seconds(3600 * count)
        default: nil
        }
    }
}
