import FarmModel

/// What the decision about tiers has to know of one backend.
public struct TierCandidate: Sendable, Hashable {
    public var priority: Int
    /// Above 0.
    public var weight: Int
    public var fitness: Fitness

    public enum Fitness: Sendable, Hashable {
        /// Healthy, and nothing stands in its way.
        case usable
        /// Healthy by its probes, but held down or ejected for a while.
        case held
        case down
        /// Probes have not spoken yet.
        case unknown
        /// Not to be used whatever happens: the operator's word, weight 0, no way to it. `counts`: as one that is not healthy.
        case out(counts: Bool)
    }

    public init(priority: Int, weight: Int, fitness: Fitness) { (self.priority, self.weight, self.fitness) = (priority, weight, fitness) }
}

/// Which backends of one address family get new connections.
///
/// Tiers join in the order of their priority, while the weight of the usable ones is below the quorum or, before anything worse is done,
/// while none of the tiers that have joined has the threshold's share of healthy backends. When no tier is left to join and none has that
/// share, all backends are used, up or down: **panic**. It protects the few that are healthy from a load that was meant for many, and us
/// from believing probes that fail for a reason of ours.
///
/// Where not one backend is healthy nobody is there to be protected and every connection would be lost: then there is no panic, and the farm
/// answers as its `noBackend` says. A backend that probes have not spoken of yet counts as healthy, so that no start begins with a panic.
public struct TierDecision: Sendable, Hashable {
    /// Priorities of the tiers that have joined.
    public private(set) var joined: Set<Int> = []
    /// All backends are used.
    public private(set) var isPanicking = false
    /// Those that are held down or ejected serve, as nobody else would.
    public private(set) var sparesHeld = false
    /// By the candidate's index: whether it gets new connections.
    public private(set) var serving: [Bool] = []
    /// Healthy backends and all that count, of the tiers that have joined.
    public private(set) var healthy = 0
    public private(set) var counted = 0

    public struct Rules: Sendable, Hashable {
        public var quorum: Int
        public var hysteresis: Int
        /// Per cent; 0: no panic.
        public var panicThreshold: Int

        public init(quorum: Int, hysteresis: Int = 0, panicThreshold: Int = 0) {
            (self.quorum, self.hysteresis, self.panicThreshold) = (quorum, hysteresis, panicThreshold)
        }

        public init(_ farm: Farm) {
            self.init(quorum: farm.quorum, hysteresis: farm.quorumHysteresis, panicThreshold: farm.panicThreshold)
        }
    }

    /// - Parameter previous: what was decided before; tiers that had joined leave later than they join.
    public init(_ candidates: [TierCandidate], _ rules: Rules, previous: TierDecision?) {
        let tiers = Dictionary(grouping: candidates, by: \.priority)
        var (weight, arePoor) = (0, true)
        for priority in tiers.keys.sorted() {
            let needed = rules.quorum + (previous?.joined.contains(priority) == true ? rules.hysteresis : 0)
            guard joined.isEmpty || weight < needed || (rules.panicThreshold > 0 && arePoor) else { break }
            let tally = Tally(tiers[priority] ?? [])
            joined.insert(priority)
            weight += tally.weight
            arePoor = arePoor && tally.isBelow(rules.panicThreshold)
            (healthy, counted) = (healthy + tally.usable, counted + tally.counted)
        }
        isPanicking = rules.panicThreshold > 0 && arePoor && healthy > 0
        sparesHeld = healthy == 0 && candidates.contains { joined.contains($0.priority) && $0.fitness == .held }
        serving = candidates.map { joined.contains($0.priority) && isServing($0.fitness) }
    }

    private func isServing(_ fitness: TierCandidate.Fitness) -> Bool {
        switch fitness {
        case .usable: true
        case .held: isPanicking || sparesHeld
        case .down: isPanicking
        case .unknown, .out: false
        }
    }
}

/// What a tier has.
private struct Tally {
    var (weight, usable, unknown, counted) = (0, 0, 0, 0)

    init(_ members: [TierCandidate]) {
        for member in members {
            switch member.fitness {
            case .usable: (weight, usable, counted) = (weight + member.weight, usable + 1, counted + 1)
            case .unknown: (unknown, counted) = (unknown + 1, counted + 1)
            case .held, .down, .out(counts: true): counted += 1
            case .out(counts: false): break
            }
        }
    }

    /// A tier without anybody is poor whatever is asked.
    func isBelow(_ threshold: Int) -> Bool { counted == 0 || 100 * (usable + unknown) < threshold * counted }
}
