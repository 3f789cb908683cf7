import FarmModel
import HealthPolicy
import NetTypes
import Ruleset
import RulesetCompiler

/// Everything that decides the ruleset, and the ruleset that follows from it.
///
/// Each change recompiles only the farms that it concerns.
public struct DesiredState: Sendable {
    public private(set) var farms: [String: Farm] = [:]
    public private(set) var overrides: [BackendID: Override] = [:]
    public private(set) var verdicts: [ProbeTarget: Verdict] = [:]
    /// What backends ask for themselves, by their agents and checks.
    public private(set) var advices: [ProbeTarget: ProbeAdvice] = [:]
    public private(set) var maintenance = MaintenanceFiles()
    /// What the policy remembers, by farm.
    public internal(set) var health: [String: FarmHealth] = [:]
    /// Farms that were judged since somebody asked.
    var judgedFarms: Set<String> = []
    /// How frames reach the backends of dsr and stateless farms. Those of dsr that are missing are held out of the table, those of
    /// stateless farms are routed to.
    public private(set) var nextHops: [IPAddress: NextHop] = [:]
    /// The fragments of the ruleset that may have changed since `settled`; nil: any.
    public private(set) var touched: Set<Fragment>?
    /// The time of the changes that follow.
    public var now = MonotonicInstant(nanoseconds: 0)
    public let handoverSettings: HandoverSettings
    /// What is in transition, by farm.
    public internal(set) var transitions: [String: [Transition]] = [:]
    /// Farms without conntrack as the kernel serves them.
    public internal(set) var served: [String: ServedFarm] = [:]
    public internal(set) var oldPaths: [String: PathUse] = [:]
    /// Addresses whose next hops are wanted beside those of configured backends.
    var formerAddresses: [IPAddress: Set<String>] = [:]
    /// Likewise, until it is known how the kernel serves.
    var expected: Set<IPAddress> = []
    private var ingressDevices: [NetworkDevice] = []

    /// Slots by backend, of farms whose table follows the number of open connections; empty until that is known.
    public private(set) var slotShares: [String: [String: Int]] = [:]
    /// Those farms.
    private(set) var following: Set<String> = []
    /// Farms whose slots are not as they should be dealt: in a mass failure it was done in haste.
    public internal(set) var makeshift: Set<String> = []
    /// The farm whose slots were dealt last of those.
    var lastDealt = ""
    /// Backends that turn at once, from which on they do so in haste.
    let manyTurns: Int
    /// How each farm does.
    public internal(set) var tallies: [String: FarmTally] = [:]
    private(set) var plans: [String: FarmPlan] = [:]
    private(set) var compiler = RulesetCompiler()
    private var users: [ProbeTarget: Set<String>] = [:]
    private var directUsers: [IPAddress: Set<String>] = [:]
    /// `verdicts` by farm and the backend's index, of farms that were judged.
    var verdictRows: [String: [Verdict]] = [:]
    /// Of targets for which it is not `lastKnown`.
    private var initialStates: [ProbeTarget: InitialState] = [:]
    private let probePorts: PortRange
    /// Of farms that say nothing.
    private let counters: Counting
    /// The marks of probes through farms' rules.
    private var probeMarks: ProbeMarkBook

    public init(
        probePorts: PortRange = Environment.defaultProbePorts, probeMarks: ProbeMarks = .standard,
        handover: HandoverSettings = HandoverSettings(), counters: Counting = .off, manyTurns: Int = DesiredState.usualMany
    ) {
        (self.probePorts, self.probeMarks) = (probePorts, ProbeMarkBook(probeMarks))
        (handoverSettings, self.counters, self.manyTurns) = (handover, counters, manyTurns)
    }

    public var ruleset: Ruleset { compiler.ruleset }
    public var compiledFarms: [String: CompiledFarm] { compiler.farms }
    /// Every distinct probe that the farms ask for.
    public var probeTargets: Set<ProbeTarget> { Set(users.keys) }
    /// What their sockets are marked with, of those that go through farms' rules.
    public var entranceMarks: [ProbeEntrance: UInt32] { probeMarks.given }
    public func hasUnknownVerdicts(of targets: Set<ProbeTarget>) -> Bool { targets.contains { (verdicts[$0] ?? .unknown) == .unknown } }
    /// Those that a kernel with these rules can carry: probes through farms' rules need rules that lead them.
    public func probeTargets(carriedBy kernel: Ruleset) -> Set<ProbeTarget> {
        compiler.isLeadingProbes(kernel) ? probeTargets : probeTargets.filter { $0.entrance == nil }
    }
    public func isProbed(_ target: ProbeTarget) -> Bool { users[target] != nil }
    /// Addresses whose next hop is wanted.
    public var directBackends: Set<IPAddress> { Set(directUsers.keys).union(formerAddresses.keys).union(expected) }

    public func tableSize(of farm: String) -> Int { plans[farm]?.tableSize ?? 0 }
}

extension DesiredState {
    /// The kernel has the ruleset as it is now, or a flight brings it.
    public mutating func settled() {
        noteServed()
        touched = []
    }
    /// What may differ from the kernel, if all of it can be committed while what follows is decided already. Nil where a handover may be,
    /// as those are decided on what the kernel serves, and where more than elements of farms may differ.
    public var fragmentsThatFly: Set<Fragment>? {
        guard let touched, touched.allSatisfy({ farms[$0]?.mode.usesConntrack ?? ($0 == .shared) }) else { return nil }
        return touched
    }
    /// Nothing is known of how the kernel differs.
    public mutating func unsettle() { touched = nil }

    /// Replaces the farms. Overrides of backends that are gone stay: the backend may come back.
    public mutating func set(farms new: [Farm]) {
        let previous = farms
        var checks = RecentChecks()
        let new = new.map { farm in
            var farm = farm
            farm.counters = farm.counters ?? counters
            farm.health = checks.shared(farm.health)
            return farm
        }
        farms = Dictionary(uniqueKeysWithValues: new.map { ($0.name, $0) })
        indexUsers()
        carryVerdicts()
        advices = advices.filter { users[$0.key] != nil }
        var compiled: [String: CompiledFarm] = [:]
        plans = plans.filter { farms[$0.key] == previous[$0.key] }
        for farm in new {
            if farms[farm.name] == previous[farm.name], let known = compiler.farms[farm.name] {
                compiled[farm.name] = known
            } else {
                let plan = self.plan(farm)
                plans[farm.name] = plan
                forgetFormer(of: farm)
                compiled[farm.name] = compile(farm, plan)
            }
        }
        for name in transitions.keys where farms[name] == nil { transitions[name] = nil }
        health = health.filter { farms[$0.key] != nil }
        tallies = tallies.filter { farms[$0.key] != nil }
        makeshift.formIntersection(farms.keys)
        following = Set(new.lazy.filter(\.followsConnections).map(\.name))
        slotShares = slotShares.filter { following.contains($0.key) }
        noteFormerAddresses()
        compiler.replace(farms: compiled, environment: environment)
        touched = nil
    }

    public mutating func set(overrides new: [BackendID: Override]) {
        let changed = Set(overrides.keys).union(new.keys).filter { overrides[$0] != new[$0] }
        overrides = new.filter { !$0.value.isEmpty }
        recompile(Set(changed.map(\.farm)), replanning: true)
    }

    /// Returns what of the verdicts is news.
    ///
    /// `areOld`: they were reached before the daemon began, or are taken over: no backend has gone down or come back just now.
    /// Where there are very many, slots are rather left vacant than dealt; `dealMakeshift` does that later.
    @discardableResult
    public mutating func set(verdicts new: [ProbeTarget: Verdict], areOld: Bool = false) -> VerdictNews {
        let changed = new.filter { users[$0.key] != nil && verdicts[$0.key] ?? .unknown != $0.value }
        let firsts = Set(changed.keys.filter { (verdicts[$0] ?? .unknown) == .unknown })
        verdicts.merge(changed) { $1 }
        let concerned = changed.keys.reduce(into: Set<String>()) { $0.formUnion(users[$1] ?? []) }
        var news = VerdictNews(changed, firsts: firsts, in: concerned.sorted().compactMap { farms[$0] })
        for turn in news.turns { verdictRows[turn.farm]?[turn.index] = turn.verdict }
        if !areOld { remember(news) }
        // Where slots wait to be dealt, a few more verdicts are no reason to deal them all at once.
        news.isHasty = !areOld && isMuch(news.turns, concerned)
        let hasty = news.isHasty ? concerned : makeshift.intersection(concerned)
        let turns = hasty.isEmpty ? [] : news.turns.filter { hasty.contains($0.farm) }
        recompile(concerned, turned: Dictionary(grouping: turns, by: \.farm).mapValues { Set($0.map(\.index)) })
        return news
    }

    /// Forgets the verdicts that contradict the slots of `kernel`: a daemon before us was killed between the commit that followed a verdict
    /// and writing it down, so that only a new probe knows better.
    public mutating func forgetVerdicts(contradictedBy kernel: Ruleset) {
        let doubtful = farms.values.reduce(into: Set<ProbeTarget>()) { doubtful, farm in
            let served = plans[farm.name]?.slotCounts(of: kernel, nextHops) ?? [:]
            guard !served.isEmpty else { return }
            let wanted = Set((compiledFarms[farm.name]?.slots ?? [:]).values.joined().map(Int.init))
            for (index, backend) in farm.backends.enumerated() where wanted.contains(index) != (served[index] != nil) {
                if let target = farm.probeTarget(of: backend), initialVerdict(of: target) == nil { doubtful.insert(target) }
            }
        }
        verdicts = verdicts.filter { !doubtful.contains($0.key) }
        verdictRows = [:]
        recompile(doubtful.reduce(into: []) { $0.formUnion(users[$1] ?? []) })
    }

    /// Returns the farms of which files say something new.
    @discardableResult
    public mutating func set(maintenance new: MaintenanceFiles) -> Set<String> {
        let concerned = new.farmsThatDiffer(from: maintenance)
        maintenance = new
        recompile(concerned)
        return concerned
    }

    /// Returns the farms that the news concerns; nil for a target that asks for nothing any more.
    @discardableResult
    public mutating func set(advices new: [ProbeTarget: ProbeAdvice?]) -> Set<String> {
        let changed = new.filter { users[$0.key] != nil && advices[$0.key] != $0.value }
        for (target, advice) in changed { advices[target] = advice }
        let concerned = changed.keys.reduce(into: Set<String>()) { $0.formUnion(users[$1] ?? []) }
        recompile(concerned, replanning: true)
        return concerned
    }

    /// Replaces the known next hops and the devices by which frames for dsr and stateless farms come in.
    @discardableResult
    public mutating func set(nextHops seen: [IPAddress: NextHop], ingressDevices devices: [NetworkDevice]) -> Set<String> {
        let new = seen.tellingDevicesApart
        let changed = Set(nextHops.keys).union(new.keys).filter { nextHops[$0] != new[$0] }
        nextHops = new
        let concerned = changed.reduce(into: Set<String>()) { $0.formUnion((directUsers[$1] ?? []).union(formerAddresses[$1] ?? [])) }
        // Which neighbours there are also says where probes enter.
        if devices != ingressDevices || entrances != compiler.environment.entrances {
            ingressDevices = devices
            compiler.replace(farms: compiler.farms, environment: environment)
            touched?.insert(.shared)
        }
        recompile(concerned)
        return concerned
    }

    mutating func recompile(_ names: Set<String>, replanning: Bool = false, turned: [String: Set<Int>] = [:]) {
        touched?.formUnion(names.union([.shared]))
        var compiled: [String: CompiledFarm] = [:]
        for name in names.sorted() {
            guard let farm = farms[name] else { continue }
            let known = replanning ? nil : plans[name]
            let plan = known ?? self.plan(farm)
            plans[name] = plan
            compiled[name] = compile(farm, plan, previous: known == nil ? nil : compiler.farms[name], turned: turned[name])
        }
        compiler.update(compiled)
        noteFormerAddresses()
    }

    /// Deals the slots of these farms anew, by what each backend is to have; other farms stay as they are.
    public mutating func set(slotShares new: [String: [String: Int]]) {
        let changed = new.filter { following.contains($0.key) && slotShares[$0.key] != $0.value }
        slotShares.merge(changed) { $1 }
        recompile(Set(changed.keys), replanning: true)
    }

    private func plan(_ farm: Farm) -> FarmPlan {
        let shares = farm.followsConnections ? slotShares[farm.name].map { self.shares($0, farm) } : nil
        return FarmPlan(farm, weights: farm.backends.map { weight(of: $0, in: farm) }, shares: shares)
    }

    private var environment: Environment {
        Environment(
            ingressDevices: ingressDevices, probeTargets: endpoints(probedBy: .tcp), datagramTargets: endpoints(probedBy: .udp),
            probePorts: probePorts, entrances: entrances)
    }

    /// What conntrack is not to see: all but those that it has to translate, and their replies.
    private func endpoints(probedBy carrier: TransportProtocol) -> Set<Endpoint> {
        let probes = users.keys.lazy.flatMap(\.probes).filter { $0.check.kind.carrier == carrier }
        let translated = probeMarks.given.keys.filter { $0.kind == .translated && $0.transport == carrier }
        guard !translated.isEmpty else { return Set(probes.map(\.endpoint)) }
        return Set(probes.map(\.endpoint)).subtracting(translated.flatMap { [$0.listener, $0.backend] })
    }

    private var entrances: ProbeEntrances {
        // Stateless backends behind a router have no frame of their own to enter by: their probes go straight.
        let open = probeMarks.given.filter { $0.key.kind != .stateless || nextHops[$0.key.backend.address] != nil }
        let hops = open.keys.lazy.filter { $0.kind != .translated }.compactMap { nextHops[$0.backend.address] }
        return ProbeEntrances(marks: probeMarks.marks, all: open, devices: Array(Set(hops.map(\.device))))
    }

    /// A target whose check was changed keeps the verdict of its endpoint until the new check has spoken: an edit takes nobody out.
    private mutating func carryVerdicts() {
        let known = Dictionary(verdicts.map { ($0.key.endpoint, $0.value) }) { $0 == .up ? $0 : $1 }
        let carried = users.keys.compactMap { target in
            (verdicts[target] ?? known[target.endpoint] ?? initialVerdict(of: target)).map { (target, $0) }
        }
        verdicts = Dictionary(uniqueKeysWithValues: carried)
        verdictRows = [:]
    }

    /// What the files say of a target that nobody has probed; nil: what is known from before a restart.
    public func initialVerdict(of target: ProbeTarget) -> Verdict? {
        switch initialStates[target] {
        case .up: .up
        case .down: .down
        case .lastKnown, nil: nil
        }
    }

    /// Where farms that share a probe say different things, the most hopeful one counts.
    private mutating func note(_ state: InitialState, of target: ProbeTarget) {
        switch (state, initialStates[target]) {
        case (.up, _): initialStates[target] = .up
        case (.down, nil) where users[target] == nil: initialStates[target] = .down
        case (.lastKnown, .down): initialStates[target] = nil
        default: break
        }
    }

    /// Most farms are probed alike: those hold one check, not one each.
    private struct RecentChecks {
        private static let capacity = 16
        private var seen: [HealthCheck] = []

        mutating func shared(_ check: HealthCheck) -> HealthCheck {
            if let known = seen.first(where: { $0 == check }) { return known }
            if seen.count == Self.capacity { seen.removeFirst() }
            seen.append(check)
            return check
        }
    }

    private mutating func indexUsers() {
        (users, directUsers, initialStates) = ([:], [:], [:])
        for farm in farms.values {
            // Shared by all that have no other user, which are most.
            let alone: Set = [farm.name]
            for backend in farm.backends {
                if let target = farm.probeTarget(of: backend) {
                    note(farm.verdictPolicy(of: backend).initialState, of: target)
                    users[target, default: alone].insert(farm.name)
                }
                if !farm.mode.usesConntrack { directUsers[backend.address, default: []].insert(farm.name) }
            }
        }
        probeMarks.keep(Set(users.keys.lazy.flatMap(\.probes).compactMap(\.entrance)))
    }
}
