import FarmModel

/// What is remembered of a backend's past in one farm, beside the verdict: how far it has come back, and how often it failed again.
///
/// Empty for a backend that has not been down since the daemon began; what it did before is not held against it.
public struct BackendRecord: Sendable, Hashable {
    /// Probes have taken it down, and not up again.
    public private(set) var isFallen = false
    /// When it came back to service, or will once its hold ends.
    public private(set) var returnedAt: MonotonicInstant?
    /// Relapses in a row.
    public private(set) var relapses = 0
    public private(set) var heldUntil: MonotonicInstant?
    public private(set) var ejectedUntil: MonotonicInstant?
    /// In a row.
    public private(set) var ejections = 0
    private var rampBegan: MonotonicInstant?

    /// Steps in which a weight grows.
    public static let steps = 10
    /// How much longer than at first an ejection may become.
    static let longestEjection = 10

    public init() {}

    /// Probes have changed their verdict, in this run of the daemon.
    public mutating func turn(_ verdict: Verdict, at now: MonotonicInstant, by policy: VerdictPolicy) {
        switch verdict {
        case .down: fall(at: now, by: policy)
        case .up where isFallen: rise(at: now, by: policy)
        case .up, .unknown: break
        }
    }

    private mutating func fall(at now: MonotonicInstant, by policy: VerdictPolicy) {
        guard !isFallen else { return }
        let hasRelapsed = policy.dampening.map { dampening in returnedAt.map { $0.duration(to: now) < dampening.calm } ?? false } ?? false
        relapses = hasRelapsed ? relapses + 1 : 0
        (isFallen, heldUntil, rampBegan) = (true, nil, nil)
    }

    private mutating func rise(at now: MonotonicInstant, by policy: VerdictPolicy) {
        isFallen = false
        let hold = policy.dampening.map { $0.hold(after: relapses) } ?? .zero
        heldUntil = hold > .zero ? now.advanced(by: hold) : nil
        comeBack(at: now.advanced(by: hold), by: policy)
    }

    private mutating func comeBack(at instant: MonotonicInstant, by policy: VerdictPolicy) {
        returnedAt = instant
        rampBegan = policy.slowStart > .zero ? instant : nil
    }

    /// Real connections have failed too often.
    public mutating func eject(at now: MonotonicInstant, by passive: PassiveDetection, policy: VerdictPolicy) {
        let longest = passive.ejectTime * Self.longestEjection
        if let last = ejectedUntil, last.duration(to: now) > longest { ejections = 0 }
        ejections += 1
        let end = now.advanced(by: min(passive.ejectTime * ejections, longest))
        ejectedUntil = end
        comeBack(at: end, by: policy)
    }

    /// The operator has turned passive detection off.
    public mutating func forgetEjections() { (ejectedUntil, ejections) = (nil, 0) }

    public func isHeld(at now: MonotonicInstant) -> Bool { heldUntil.map { now < $0 } ?? false }
    public func isEjected(at now: MonotonicInstant) -> Bool { ejectedUntil.map { now < $0 } ?? false }

    /// Per cent of its weight, 10–100. Steps of all backends with the same slow start fall together, so that many returns at once cost
    /// as few commits as one.
    public func ramp(at now: MonotonicInstant, by policy: VerdictPolicy) -> Int {
        guard let rampBegan, let stride = policy.stride, now >= rampBegan else {
            return rampBegan == nil || policy.stride == nil ? 100 : 10
        }
        let step = Int(now.nanoseconds / stride - rampBegan.nanoseconds / stride)
        return min(100, 10 + 9 * step)
    }

    /// When the next thing changes by time alone; nil when nothing does.
    public func nextChange(after now: MonotonicInstant, by policy: VerdictPolicy) -> MonotonicInstant? {
        guard heldUntil != nil || ejectedUntil != nil || rampBegan != nil else { return nil }
        let ends = [heldUntil, ejectedUntil].compactMap { $0 }.filter { $0 > now }
        return (ends + [nextStep(after: now, by: policy)].compactMap { $0 }).min()
    }

    private func nextStep(after now: MonotonicInstant, by policy: VerdictPolicy) -> MonotonicInstant? {
        guard let rampBegan, let stride = policy.stride, ramp(at: now, by: policy) < 100 else { return nil }
        let from = max(now.nanoseconds, rampBegan.nanoseconds)
        return MonotonicInstant(nanoseconds: (from / stride + 1) * stride)
    }
}

extension VerdictPolicy {
    /// Nanoseconds of one step of a slow start; nil when there is none.
    fileprivate var stride: Int64? {
        slowStart > .zero ? max(1, slowStart.wholeNanoseconds / Int64(BackendRecord.steps)) : nil
    }
}

extension Dampening {
    /// Zero for one that has not relapsed.
    func hold(after relapses: Int) -> Duration {
        guard relapses > 0 else { return .zero }
        // Doubled 30 times a second is 34 years: the limit is far below, and nothing overflows.
        return min(limit, hold * (1 << min(relapses - 1, 30)))
    }
}
