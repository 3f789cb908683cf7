import FarmModel
import HealthPolicy

/// Verdicts that are news, and whom they concern.
public struct VerdictNews: Sendable {
    public let changed: [ProbeTarget: Verdict]
    /// Those of which nothing was known before.
    public let firsts: Set<ProbeTarget>
    /// So much that slots were left vacant, where that is possible.
    public internal(set) var isHasty = false
    /// By farm, then in the order of the farm's backends.
    public let turns: [Turn]

    /// A backend that is judged otherwise than before.
    public struct Turn: Sendable {
        public let farm, backend: String
        /// In the farm as it was then.
        let index: Int
        public let target: ProbeTarget
        public let verdict: Verdict
    }

    init(_ changed: [ProbeTarget: Verdict], firsts: Set<ProbeTarget>, in farms: [Farm]) {
        (self.changed, self.firsts) = (changed, firsts)
        // What costs least comes first: most backends of a farm have not turned.
        let places = Set(changed.keys.map(\.address))
        turns = farms.flatMap { farm in
            farm.backends.enumerated().compactMap { index, backend in
                guard places.contains(farm.probeAddress(of: backend)),
                    let target = farm.probeTarget(of: backend), let verdict = changed[target]
                else { return nil }
                return Turn(farm: farm.name, backend: backend.name, index: index, target: target, verdict: verdict)
            }
        }
    }
}
