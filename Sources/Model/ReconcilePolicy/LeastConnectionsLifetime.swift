/// How long connections of a backend last, from how many are open and how many end, with old looks fading.
struct ConnectionLifetime: Sendable, Equatable {
    /// Connections times the seconds that they were open.
    private var spent = 0.0
    private(set) var ended = 0.0
    private var lastLive: Int?

    /// `keeping`: what the looks before still count.
    mutating func observe(live: Int, opened: Int, seconds: Double, keeping kept: Double) {
        let before = lastLive ?? live
        // A count that was corrected may have lost more than began.
        let gone = max(0, opened + before - live)
        spent = spent * kept + Double(live + before) / 2 * seconds
        ended = ended * kept + (lastLive == nil ? 0 : Double(gone))
        lastLive = live
    }

    /// Seconds, over all backends; never 0.
    static func common(of all: [ConnectionLifetime]) -> Double {
        let spent = all.reduce(0) { $0 + $1.spent }
        let ended = all.reduce(0) { $0 + $1.ended }
        return max(spent / max(ended, 0.5), shortest)
    }

    /// Seconds. `trusting` ends after `common` seconds each are taken as seen, so that few do not say too much.
    func mean(beside common: Double, trusting prior: Double) -> Double {
        min(max((spent + prior * common) / (ended + prior), Self.shortest), Self.longest)
    }

    private static let shortest = 0.001
    private static let longest = 86_400.0
}
