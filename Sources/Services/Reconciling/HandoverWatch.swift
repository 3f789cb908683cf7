import HealthPolicy
import NetTypes
import ReconcilePolicy

/// What the reconciler knows of transitions beside what is decided about them.
struct HandoverWatch: Sendable {
    /// What was last announced and stored.
    var announced: [String: [Transition]] = [:]
    /// The kernel may remember flows of transitions.
    var hasFresh = false
    private var plannedCheck: MonotonicInstant?
    /// What is stored may differ from what is announced.
    var isUnsaved = false
    /// Maps of remembered flows that an alarm was raised for.
    var fullMaps: Set<String> = []
    private var chains: [String: ChainUse] = [:]

    private var forgotten: Set<AddressFamily> = []

    private struct ChainUse {
        var packets: UInt64
        var lastUse: MonotonicInstant
        var lastLook: MonotonicInstant
    }

    /// How often old paths are looked at: often enough for an end in good time, and seldom enough to cost nothing.
    static func rhythm(_ settings: HandoverSettings) -> Duration { min(max(settings.quiet / 4, .milliseconds(50)), .seconds(15)) }

    /// Maps of remembered flows are looked at while something is in transition.
    static func isWatched(_ set: String) -> Bool { set.hasPrefix("fresh") }

    /// False when a check is planned that comes soon enough. One that comes late is not called off: it finds nothing to do.
    mutating func plan(_ check: MonotonicInstant) -> Bool {
        guard plannedCheck.map({ check < $0 }) ?? true else { return false }
        plannedCheck = check
        return true
    }

    /// A check is made: the planned one, unless that is still to come.
    mutating func pass(_ now: MonotonicInstant) {
        if let check = plannedCheck, check <= now { plannedCheck = nil }
    }

    /// A look at what old paths have carried, by chain. One that was not looked at before counts as used: nobody knows.
    mutating func look(_ packets: [String: UInt64], _ forgotten: Set<AddressFamily>, at now: MonotonicInstant) {
        self.forgotten = forgotten
        chains = packets.reduce(into: [:]) { result, entry in
            let known = chains[entry.key]
            let isSame = known?.packets == entry.value
            result[entry.key] = ChainUse(packets: entry.value, lastUse: isSame ? known?.lastUse ?? now : now, lastLook: now)
        }
    }

    /// Of a farm that goes through these chains; nil while one of them has not been looked at.
    func use(of names: Set<String>) -> PathUse? {
        let uses = names.compactMap { chains[$0] }
        guard uses.count == names.count, let lastUse = uses.map(\.lastUse).max(), let lastLook = uses.map(\.lastLook).min() else {
            return nil
        }
        return PathUse(lastUse: lastUse, lastLook: lastLook, forgotten: forgotten)
    }
}
