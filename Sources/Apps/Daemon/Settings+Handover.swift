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
            guard let duration = value.duration(in: .zero...Self.longestLimit) else { return nil }
            switch key.scalar?.string {
            case "quiet" where duration > .zero: quiet = duration
            case "limit": limit = duration
            case "udpHold": udpHold = duration
            default: return nil
            }
        }
    }
}
