/// When verdicts may be written: at once after a quiet second, and at most once a second.
struct SaveRhythm {
    private static let pause: Duration = .seconds(1)
    private var last: ContinuousClock.Instant?
    private var isPlanned = false

    /// How long to wait before saving; nil when a save is already on its way.
    mutating func delay(at now: ContinuousClock.Instant) -> Duration? {
        guard !isPlanned else { return nil }
        isPlanned = true
        return max(.zero, last.map { Self.pause - (now - $0) } ?? .zero)
    }

    mutating func saved(at now: ContinuousClock.Instant) { (last, isPlanned) = (now, false) }
}
