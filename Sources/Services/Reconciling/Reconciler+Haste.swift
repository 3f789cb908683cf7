import HealthPolicy

/// When slots were last changed in haste, and when they are dealt as they should be.
struct HasteWatch: Sendable {
    /// As long as nothing of the kind happens before slots are dealt: what comes in a second is one failure.
    static let calm: Duration = .milliseconds(250)
    /// However restless it is, slots are dealt then.
    static let patience: Duration = .seconds(5)
    /// Slots that are dealt at once: a verdict that arrives meanwhile waits for some milliseconds.
    static let portion = 2_000
    /// Between two portions.
    static let pause: Duration = .milliseconds(10)

    /// Between two commits in haste.
    private static let interval: Duration = .milliseconds(20)

    /// When it began, since all was last as it should be.
    private var since: MonotonicInstant?
    private var last: MonotonicInstant?
    private var isPlanned = false

    /// True when a look has to be planned.
    mutating func note(at now: MonotonicInstant) -> Bool {
        (since, last) = (since ?? now, now)
        return plan()
    }

    /// True when there was none.
    mutating func plan() -> Bool {
        defer { isPlanned = true }
        return !isPlanned
    }

    /// More of the kind is to be expected.
    func isOn(at now: MonotonicInstant) -> Bool { delay(at: now) != nil }

    /// How long verdicts that come by the hundred wait for more, so that a farm with many of them is compiled once for all of these.
    func rest(at now: MonotonicInstant) -> Duration { last.map { Self.interval - $0.duration(to: now) } ?? .zero }

    mutating func beginLook() { isPlanned = false }

    /// For how long it has to stay calm; nil when it was calm for long enough.
    func delay(at now: MonotonicInstant) -> Duration? {
        guard let since, let last, since.duration(to: now) < Self.patience else { return nil }
        let left = Self.calm - last.duration(to: now)
        return left > .zero ? left : nil
    }

    mutating func end() { (since, last) = (nil, nil) }

    /// Slots are dealt whatever else waits.
    func isLate(at now: MonotonicInstant) -> Bool { since.map { $0.duration(to: now) >= Self.patience } ?? false }
}

/// When backends fail by the thousand, their slots are left vacant first and dealt when it is calm again (docs/design/haste.md).
extension Reconciler {
    func noteHaste() {
        guard !desired.makeshift.isEmpty else { return }
        if haste.note(at: desired.now) { inbox.postDealing(after: HasteWatch.calm) }
    }

    func dealAtLeisure() {
        haste.beginLook()
        defer { tell() }
        guard !desired.makeshift.isEmpty else { return haste.end() }
        let delay = haste.delay(at: desired.now)
        if delay == nil, !inbox.hasVerdicts || haste.isLate(at: desired.now), !isDrifted {
            land()
            desired.dealMakeshift(slots: HasteWatch.portion)
            reconcile(author: "probe", because: "slots are dealt", isRoutine: true)
        }
        guard !desired.makeshift.isEmpty else { return haste.end() }
        if haste.plan() { inbox.postDealing(after: delay ?? (isDrifted ? HasteWatch.calm : HasteWatch.pause)) }
    }
}
