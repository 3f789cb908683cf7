import FarmModel
import HealthPolicy
import NetTypes
import RulesetCompiler

/// What the policy remembers of a farm.
public struct FarmHealth: Sendable {
    /// Backends with a past, by name.
    var records: [String: BackendRecord] = [:]
    /// By address family, as it was decided last.
    public internal(set) var decisions: [AddressFamily: TierDecision] = [:]
    /// By the backend's index, as it was when the farm was judged last: its record (nothing while nobody has one), whether it could serve,
    /// and whether it does.
    var pasts: [BackendRecord?] = []
    var usable: [Bool] = []
    var serving: [Bool] = []
    /// When something changes by time alone.
    var nextChange: MonotonicInstant?

    func past(_ index: Int) -> BackendRecord? { pasts.isEmpty ? nil : pasts[index] }

    public var isPanicking: Bool { decisions.values.contains(where: \.isPanicking) }
}

extension DesiredState {
    /// When a hold, an ejection or a step of a slow start ends next.
    public var nextPolicyChange: MonotonicInstant? { health.values.compactMap(\.nextChange).min() }

    public func record(of backend: Backend, in farm: Farm) -> BackendRecord { health[farm.name]?.records[backend.name] ?? BackendRecord() }

    public func decision(about backend: Backend, in farm: Farm) -> TierDecision? {
        health[farm.name]?.decisions[backend.address.family]
    }

    /// Per cent of its weight that the backend gets, 10–100.
    public func ramp(of backend: Backend, in farm: Farm) -> Int {
        record(of: backend, in: farm).ramp(at: now, by: farm.verdictPolicy(of: backend))
    }

    /// Whether it gets new connections, be it because nobody better is left.
    public func isServing(_ backend: Backend, in farm: Farm) -> Bool {
        guard let serving = health[farm.name]?.serving, let index = farm.backends.firstIndex(where: { $0.name == backend.name }) else {
            return false
        }
        return serving[index]
    }

    /// Farms about which something was decided since the last call.
    public mutating func takeJudged() -> Set<String> {
        defer { judgedFarms = [] }
        return judgedFarms.filter { farms[$0] != nil }
    }

    /// What is not as usual in a farm, for people.
    public func peculiarities(of farm: Farm) -> FarmPeculiarities { FarmPeculiarities(farm, health[farm.name] ?? FarmHealth(), at: now) }

    /// Lets time pass: what ended by `now` has ended. Returns the farms that it concerns.
    @discardableResult
    public mutating func advancePolicy() -> Set<String> {
        let concerned = Set(health.filter { $0.value.nextChange.map { $0 <= now } ?? false }.keys)
        if !concerned.isEmpty { recompile(concerned) }
        return concerned
    }

    /// Real connections to these backends have failed too often. Returns those that are out for it: as many as the farm lets go.
    public mutating func eject(_ names: [String], of farmName: String) -> [String] {
        guard let farm = farms[farmName], let passive = farm.passive else { return [] }
        var ejected: [String] = []
        for backend in farm.backends where names.contains(backend.name) && mayBeEjected(backend, of: farm, passive) {
            health[farmName]?.records[backend.name, default: BackendRecord()]
                .eject(at: now, by: passive, policy: farm.verdictPolicy(of: backend))
            ejected.append(backend.name)
        }
        if !ejected.isEmpty { recompile([farmName]) }
        return ejected
    }

    /// One may always be, the last that is usable never.
    private func mayBeEjected(_ backend: Backend, of farm: Farm, _ passive: PassiveDetection) -> Bool {
        guard standing(of: backend, in: farm).isUsable else { return false }
        let out = farm.backends.count { record(of: $0, in: farm).isEjected(at: now) }
        let others = farm.backends.contains {
            $0 != backend && $0.address.family == backend.address.family && standing(of: $0, in: farm).isUsable
        }
        return others && (out == 0 || 100 * (out + 1) <= passive.maxEject * farm.backends.count)
    }
}

extension DesiredState {
    /// Decides anew who serves, by what is known now. Returns how each backend stands.
    mutating func judge(_ farm: Farm, _ verdicts: [Verdict]) -> [BackendStanding] {
        var judged = health[farm.name] ?? FarmHealth()
        judged.pasts = judged.records.isEmpty ? [] : farm.backends.map { judged.records[$0.name] }
        let standings = farm.backends.indices.map { index in
            standing(of: farm.backends[index], in: farm, judged.past(index) ?? BackendRecord(), verdicts[index])
        }
        let candidates = candidates(farm, standings)
        judged.usable = candidates.map { $0.fitness == .usable }
        judged.serving = [Bool](repeating: false, count: candidates.count)
        let previous = judged.decisions
        judged.decisions = [:]
        for family in AddressFamily.allCases {
            let own = farm.backends.indices.filter { farm.backends[$0].address.family == family }
            guard !own.isEmpty else { continue }
            let decision = TierDecision(own.map { candidates[$0] }, .init(farm), previous: previous[family])
            for (index, isServing) in zip(own, decision.serving) { judged.serving[index] = isServing }
            judged.decisions[family] = decision
        }
        judged.nextChange = nextChange(judged, farm)
        judgedFarms.insert(farm.name)
        health[farm.name] = judged
        return standings
    }

    private func nextChange(_ judged: FarmHealth, _ farm: Farm) -> MonotonicInstant? {
        judged.pasts.indices.compactMap { judged.past($0)?.nextChange(after: now, by: farm.verdictPolicy(of: farm.backends[$0])) }.min()
    }

    /// The farm is configured anew: who has left it has no past in it any more.
    mutating func forgetFormer(of farm: Farm) {
        guard let records = health[farm.name]?.records, !records.isEmpty else { return }
        let names = Set(farm.backends.map(\.name))
        var kept = records.filter { names.contains($0.key) }
        if farm.passive == nil { for name in kept.keys { kept[name]?.forgetEjections() } }
        health[farm.name]?.records = kept
    }

    private func candidates(_ farm: Farm, _ standings: [BackendStanding]) -> [TierCandidate] {
        zip(farm.backends, standings).map { candidate($0, farm, $1) }
    }

    private func candidate(_ backend: Backend, _ farm: Farm, _ standing: BackendStanding) -> TierCandidate {
        let fitness: TierCandidate.Fitness =
            switch standing {
            case .serving: .usable
            case .held, .ejected: .held
            case .verdict(.unknown): .unknown
            // Without a way to it nobody can use it, in a panic neither.
            case .verdict: farm.mode == .dsr && nextHops[backend.address] == nil ? .out(counts: true) : .down
            case .noNeighbour: .out(counts: true)
            case .admin, .weightZero: .out(counts: false)
            }
        return TierCandidate(priority: backend.priority, weight: weight(of: backend, in: farm), fitness: fitness)
    }

    func conditions(of farm: Farm, _ verdicts: [Verdict]) -> [BackendCondition] {
        let health = health[farm.name] ?? FarmHealth()
        return farm.backends.indices.map { index in
            let backend = farm.backends[index]
            let past = health.past(index)
            let policy = farm.verdictPolicy(of: backend)
            return BackendCondition(
                isUsable: health.serving[index] || health.usable[index],
                weight: weight(of: backend, in: farm), ramp: past?.ramp(at: now, by: policy) ?? 100,
                isJoined: health.decisions[backend.address.family]?.joined.contains(backend.priority) ?? false,
                isResetting: policy.onDown == .reset && !health.serving[index] && verdicts[index] == .down,
                nextHop: farm.mode.usesConntrack ? nil : nextHops[backend.address])
        }
    }

    /// Probes have spoken: what it means for the pasts of the backends that are probed so.
    mutating func remember(_ news: VerdictNews) {
        for turn in news.turns {
            guard let farm = farms[turn.farm] else { continue }
            let backend = farm.backends[turn.index]
            let hasPast = health[farm.name]?.records[backend.name] != nil
            guard hasPast || turn.verdict == .down else { continue }
            health[farm.name, default: FarmHealth()].records[backend.name, default: BackendRecord()]
                .turn(turn.verdict, at: now, by: farm.verdictPolicy(of: backend))
        }
    }
}
