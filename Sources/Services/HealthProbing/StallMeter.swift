/// Measures for how long the loop should have run and did not: stopped, starved, or held up by its own callback.
struct StallMeter {
    /// Shorter gaps are the ordinary work of a wake-up.
    static let threshold: Int64 = 10_000_000
    /// Sleeping in pieces bounds what a stall within a sleep can hide.
    static let longestSleep: Int64 = 20_000_000

    /// Nanoseconds, all stalls together.
    private(set) var total: Int64 = 0
    private var lastLook: Int64

    init(start nanoseconds: Int64) { lastLook = nanoseconds }

    /// The loop is at work, and is about to sleep or to judge.
    mutating func worked(until now: Int64) {
        lose(now - lastLook)
        lastLook = now
    }

    /// - Parameter planned: until when it had meant to sleep; nil for until something happens.
    mutating func woke(at now: Int64, planned: Int64?) {
        if let planned { lose(now - planned) }
        lastLook = now
    }

    private mutating func lose(_ gap: Int64) {
        if gap > Self.threshold { total += gap }
    }

    /// Whether so much of a probe's time was lost that its silence says nothing.
    ///
    /// What is lost before our last word leaves the target too little time to answer. What is lost after it hides little: the kernel takes
    /// the answer and it is heard before the deadline is looked at; but a machine that stands still takes none.
    /// - Parameters:
    ///   - start: `total` when the probe began.
    ///   - lastWord: `total` when we last sent something.
    func hidesSilence(start: Int64, lastWord: Int64, timeout: Int64) -> Bool {
        lastWord - start > max(20_000_000, timeout / 10) || total - start > timeout / 2
    }
}
