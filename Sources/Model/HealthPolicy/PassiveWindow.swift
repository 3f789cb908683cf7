import FarmModel

/// Failed connections to one backend, as long as they count.
public struct PassiveWindow: Sendable, Hashable {
    /// When, and how many; at most one entry a look.
    private var seen: [(at: MonotonicInstant, count: Int)] = []

    public init() {}

    public var isEmpty: Bool { seen.isEmpty }
    public var count: Int { seen.reduce(0) { $0 + $1.count } }

    /// Takes in what failed; true when that is too much, and begins anew then.
    public mutating func add(_ count: Int, at now: MonotonicInstant, by passive: PassiveDetection) -> Bool {
        seen.removeAll { $0.at.duration(to: now) > passive.window }
        if count > 0 { seen.append((now, count)) }
        guard self.count >= passive.failures else { return false }
        seen = []
        return true
    }

    public static func == (left: Self, right: Self) -> Bool {
        left.seen.elementsEqual(right.seen) { $0.at == $1.at && $0.count == $1.count }
    }

    public func hash(into hasher: inout Hasher) { hasher.combine(count) }
}
