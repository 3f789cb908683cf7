/// When verdicts may be written: at once, and while they keep changing for at most a fifth of the time.
///
/// A restart believes what was written last, so that every moment of delay is one in which a kill brings a dead backend back.
struct SaveRhythm {
    private static let restPerWork = 4
    private var free: ContinuousClock.Instant?
    private var isPlanned = false

    /// How long to wait before saving; nil when a save that will take in this change is already on its way.
    mutating func delay(at now: ContinuousClock.Instant) -> Duration? {
        guard !isPlanned else { return nil }
        isPlanned = true
        return max(.zero, free.map { $0 - now } ?? .zero)
    }

    /// A save takes in what is known at its start.
    mutating func begins() { isPlanned = false }

    mutating func ended(from start: ContinuousClock.Instant, to end: ContinuousClock.Instant) {
        free = end + (end - start) * Self.restPerWork
    }
}
