import FarmModel
import HealthPolicy
import ReconcilePolicy

/// The last changes of verdict of each target, oldest first; the oldest gives way. Targets that have been up since they are known, which are
/// most, take no room.
struct VerdictLog: Sendable {
    static let capacity = 5

    struct Entry: Sendable, Equatable {
        let verdict: Verdict
        let reason: String
        let at: MonotonicInstant
    }

    private var entries: [ProbeTarget: [Entry]] = [:]

    subscript(target: ProbeTarget) -> [Entry] { entries[target] ?? [] }

    mutating func note(_ news: VerdictNews, _ reasons: [ProbeTarget: String], at now: MonotonicInstant) {
        for (target, verdict) in news.changed where verdict != .up || !news.firsts.contains(target) {
            var log = entries[target] ?? []
            if log.count == Self.capacity { log.removeFirst() }
            log.append(Entry(verdict: verdict, reason: reasons[target] ?? "", at: now))
            entries[target] = log
        }
    }

    /// Keeps those of these targets only.
    mutating func keep(_ targets: Set<ProbeTarget>) { entries = entries.filter { targets.contains($0.key) } }
}
