import FarmModel
import HealthPolicy
import NetTypes
import Ruleset
import RulesetCompiler

extension DesiredState {
    public var isInTransition: Bool { !transitions.isEmpty }

    /// Maps of flows that began during a transition: to be flushed once nothing is in transition.
    public var freshMaps: [String] { compiler.freshMaps }

    /// When the first transition, or a part of one, may end by time alone.
    public var nextHandoverEnd: MonotonicInstant? {
        transitions.values.joined().compactMap { $0.nextEnd(handoverSettings) }.min()
    }

    /// Ends what is over by now; true if anything is.
    @discardableResult
    public mutating func endHandovers(_ paths: [String: PathUse]) -> Bool {
        oldPaths = paths
        let concerned = transitions.keys.filter { name in
            guard let farm = farms[name], let compiled = compiledFarms[name] else { return true }
            return decided(farm, slots: compiled.slots) != transitions[name]
        }
        guard !concerned.isEmpty else { return false }
        recompile(Set(concerned))
        return true
    }

    /// Compiles a farm, with the handover that follows from how the kernel serves it. `previous`: by the same plan, if there was one.
    /// `turned`: in haste, the backends that have turned; the farm is among `makeshift` until it is compiled at leisure.
    mutating func compile(_ farm: Farm, _ plan: FarmPlan, previous: CompiledFarm? = nil, turned: Set<Int>? = nil) -> CompiledFarm {
        let verdicts = verdicts(in: farm)
        verdictRows[farm.name] = verdicts
        let standings = judge(farm, verdicts)
        let compiled = slotted(farm, plan, conditions(of: farm, verdicts), previous, turned)
        if compiled.isMakeshift { makeshift.insert(farm.name) } else { makeshift.remove(farm.name) }
        count(farm, compiled, verdicts, standings)
        return compiled
    }

    private mutating func slotted(
        _ farm: Farm, _ plan: FarmPlan, _ conditions: [BackendCondition], _ previous: CompiledFarm?, _ turned: Set<Int>?
    ) -> CompiledFarm {
        guard !farm.mode.usesConntrack, served[farm.name] != nil else {
            transitions[farm.name] = nil
            return CompiledFarm(plan, conditions, previous: previous, turned: farm.mode.usesConntrack ? turned : nil)
        }
        let running = decided(farm, slots: plan.slots(conditions))
        transitions[farm.name] = running.isEmpty ? nil : running
        return CompiledFarm(plan, conditions, handover: Handover(moving: running.map { $0.movingSlots(nextHops) }))
    }

    private func decided(_ farm: Farm, slots: [AddressFamily: [UInt16]]) -> [Transition] {
        let policy = Handovers(handoverSettings, now: now, oldPath: oldPaths[farm.name]) { isDead($0, in: farm) }
        return policy.transitions(from: served[farm.name], to: ServedFarm(farm, tableSize: farm.slotCount, slots: slots))
    }

    /// Probes judge; of a backend that has left the files nobody knows, so that it lives on as long as it can be reached.
    private func isDead(_ destination: Destination, in farm: Farm) -> Bool {
        if farm.mode == .dsr, nextHops[destination.address] == nil { return true }
        let backends = farm.backends.filter { Destination(of: $0, farm.mode) == destination }
        return !backends.isEmpty
            && backends.allSatisfy { verdict(of: $0, in: farm) == .down && farm.verdictPolicy(of: $0).onDown != .drain }
    }

    /// The kernel has what is desired: what follows is a change of that.
    mutating func noteServed() {
        for name in touched ?? Set(served.keys).union(farms.keys) {
            guard let farm = farms[name], !farm.mode.usesConntrack, let compiled = compiledFarms[name] else {
                served[name] = nil
                continue
            }
            served[name] = ServedFarm(farm, tableSize: tableSize(of: name), slots: compiled.slots)
            served[name]?.transitions = transitions[name] ?? []
        }
        oldPaths = oldPaths.filter { transitions[$0.key] != nil }
        expected = []
    }

    mutating func noteFormerAddresses() {
        formerAddresses = [:]
        for (name, running) in transitions {
            for backend in running.flatMap(\.former.values) { formerAddresses[backend.address, default: []].insert(name) }
        }
    }
}

extension DesiredState {
    /// Takes what the kernel holds as how farms are served, so that the first change hands over from there.
    ///
    /// `formerly`: the farms as they were last accepted; `kept`: what was in transition, by what was stored. Only the kernel says what is;
    /// they say what its numbers and MACs mean, and since when.
    public mutating func restoreServed(from kernel: Ruleset, formerly: [Farm], kept: [String: [Transition]]) {
        let past = Dictionary(formerly.map { ($0.name, $0) }) { first, _ in first }
        served = farms.reduce(into: [:]) { served, entry in
            guard !entry.value.mode.usesConntrack else { return }
            let reader = ServedFarmReader(kernel: kernel, nextHops: nextHops, kept: kept[entry.key] ?? [], now: now)
            let (old, new) = (past[entry.key] ?? entry.value, entry.value)
            served[entry.key] = reader.read(old, and: new) ?? reader.read(new, and: old)
        }
        recompile(Set(served.keys))
    }

    /// Asks for the next hops of backends that may have left the files, until what the kernel serves is known.
    public mutating func expect(formerBackendsOf farms: [Farm], kept: [String: [Transition]]) {
        let backends = farms.filter { !$0.mode.usesConntrack }.flatMap(\.backends) + kept.values.joined().flatMap(\.former.values)
        expected = Set(backends.map(\.address))
    }
}
