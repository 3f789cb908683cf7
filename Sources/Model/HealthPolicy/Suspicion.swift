import FarmModel

/// All targets that have something in common went down at once: more likely the fault is ours, or of what lies between, than theirs.
///
/// It is shown and changes nothing: the panic threshold is what keeps connections going, and `noBackend` the operator's word for the rest.
public struct Suspicion: Sendable, Hashable, Comparable {
    /// What they share, in words: "device eth1", "probes of type http".
    public let bond: String
    public let targets: Int
    /// From the first verdict to the last.
    public let span: Duration

    /// Fewer may fail together by chance.
    public static let fewest = 4

    /// What is known of one target.
    public struct Sighting: Sendable {
        public let bonds: [String]
        public let host: Int
        /// Nil while it is not down.
        public let downSince: MonotonicInstant?
        /// In which a failure of all would show in this target, whatever the phase of its probes.
        public let patience: Duration

        /// - Parameter host: a number for its address: ports of one server that failed say nothing of us.
        public init(bonds: [String], host: Int, downSince: MonotonicInstant?, check: HealthCheck) {
            (self.bonds, self.host, self.downSince) = (bonds, host, downSince)
            patience = (check.interval + check.fastInterval * max(0, check.fall - 1) + check.timeout) * 3 / 2
        }
    }

    public init(bond: String, targets: Int, span: Duration) { (self.bond, self.targets, self.span) = (bond, targets, span) }

    public static func < (left: Self, right: Self) -> Bool { left.bond < right.bond }

    /// Sorted by bond.
    public static func among(_ sightings: [Sighting]) -> [Suspicion] {
        var groups: [String: Group] = [:]
        for sighting in sightings {
            for bond in sighting.bonds { groups[bond, default: Group()].add(sighting) }
        }
        return groups.compactMap { bond, group in group.span.map { Suspicion(bond: bond, targets: group.count, span: $0) } }.sorted()
    }

    private struct Group {
        var count = 0
        private var hosts: Set<Int> = []
        private var areAllDown = true
        private var first: MonotonicInstant?
        private var last: MonotonicInstant?
        private var patience: Duration = .zero

        mutating func add(_ sighting: Sighting) {
            count += 1
            if hosts.count < Suspicion.fewest { hosts.insert(sighting.host) }
            patience = max(patience, sighting.patience)
            guard let since = sighting.downSince else {
                areAllDown = false
                return
            }
            (first, last) = (min(first ?? since, since), max(last ?? since, since))
        }

        /// Nil when nothing is suspicious.
        var span: Duration? {
            guard areAllDown, hosts.count >= Suspicion.fewest, let first, let last else { return nil }
            let span = first.duration(to: last)
            return span <= patience ? span : nil
        }
    }
}
