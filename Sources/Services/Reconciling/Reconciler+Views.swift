import ControlAPI
import FarmModel
import HealthPolicy
import NetTypes
import ReconcilePolicy
import RulesetCompiler
import Seams

extension Reconciler {
    func state(of farm: String) -> FarmState { FarmState(desired.tallies[farm]?.condition ?? .down) }

    func view(_ farm: Farm) -> FarmView {
        let tally = desired.tallies[farm.name]
        return FarmView(
            name: farm.name, mode: farm.mode.name, scheduler: farm.scheduler.name, state: state(of: farm.name),
            listen: farm.listeners.sorted().map(\.description),
            backends: .init(total: farm.backends.count, healthy: tally?.up ?? 0, used: tally?.used ?? 0),
            tableSize: desired.tableSize(of: farm.name), description: farm.description,
            panic: tally?.isPanicking ?? false)
    }

    private func slots(_ farm: Farm) -> [AddressFamily: [UInt16]] { desired.compiledFarms[farm.name]?.slots ?? [:] }

    func view(_ backend: Backend, _ farm: Farm, _ counts: ConnectionIndex? = nil, _ traffic: FarmTraffic? = nil) -> BackendView {
        let standing = desired.standing(of: backend, in: farm)
        let target = farm.probeTarget(of: backend)
        let state = target.flatMap { prober.state(of: $0) }
        return BackendView(
            farm: farm.name, name: backend.name, address: backend.address.description, port: backend.port?.description,
            weight: backend.weight, effectiveWeight: effectiveWeight(backend, farm, standing), priority: backend.priority,
            admin: desired.admin(of: backend, in: farm).rawValue,
            isOverridden: desired.overrides[BackendID(farm: farm.name, backend: backend.name)] != nil,
            health: desired.verdict(of: backend, in: farm).rawValue, reason: reason(standing, target, state),
            since: state.map { Timestamp.text($0.since) }, share: share(backend, farm),
            connections: counts.flatMap { connections(to: backend, farm, $0) }, checks: target.flatMap(checks),
            advice: target.flatMap { desired.advices[$0]?.words }, traffic: trafficView(of: farm, traffic?.backends[backend.name]))
    }

    /// Nil where there is one check and no agent.
    private func checks(_ target: ProbeTarget) -> [CheckView]? {
        guard target.isComposite else { return nil }
        return (target.parts + [target.agent].compactMap { $0 }).map { part in
            let state = prober.state(of: part)
            return CheckView(
                type: part.check.typeName, target: part.placeText, health: (state?.verdict ?? .unknown).rawValue,
                reason: state?.history.last?.result.reason ?? state?.reason ?? "not probed yet")
        }
    }

    /// By what the slots were dealt; where they follow open connections, the weight that would give the backend as many as it has.
    private func effectiveWeight(_ backend: Backend, _ farm: Farm, _ standing: BackendStanding) -> Int {
        let weight = desired.weight(of: backend, in: farm)
        guard standing.isUsable || share(backend, farm) > 0 else { return 0 }
        guard farm.followsConnections else { return max(1, weight * desired.ramp(of: backend, in: farm) / 100) }
        let used = Set(slots(farm)[backend.address.family] ?? []).subtracting([SlotTable.vacant]).map { farm.backends[Int($0)] }
        let total = used.reduce(0) { $0 + desired.weight(of: $1, in: farm) }
        let own = share(backend, farm)
        return own == 0 ? 0 : max(1, Int((own * Double(total)).rounded()))
    }

    func reason(_ standing: BackendStanding, _ target: ProbeTarget?, _ state: HealthState?) -> String {
        let probe = lastWords(state) ?? target.flatMap { reasons[$0] } ?? state?.reason ?? "not probed"
        return switch standing {
        // Without a neighbour no frame has left.
        case .verdict where target?.entrance?.kind == .direct && target.map { desired.nextHops[$0.address] == nil } == true:
            "no neighbour: nobody answers for its address on the link; probes: \(probe)"
        case .serving, .verdict: probe
        case .held(let end): "held down until \(Timestamp.text(end)) after relapses; probes: \(probe)"
        case .ejected(let end): "ejected by passive detection until \(Timestamp.text(end)); probes: \(probe)"
        case .admin(let state): state.rawValue
        case .weightZero: "weight 0"
        case .noNeighbour: "no neighbour: nobody answers for its address on the link"
        }
    }

    /// What the last probe said, if it speaks for the verdict.
    private func lastWords(_ state: HealthState?) -> String? {
        guard let state, let result = state.history.last?.result else { return nil }
        switch (result, state.verdict) {
        case (.success(let words, _), .up), (.failure(let words), .down): return words
        default: return nil
        }
    }

    private func share(_ backend: Backend, _ farm: Farm) -> Double {
        guard let index = farm.backends.firstIndex(of: backend), let slots = slots(farm)[backend.address.family], !slots.isEmpty
        else { return 0 }
        return Double(slots.count { Int($0) == index }) / Double(slots.count)
    }

    /// Nil where there is no conntrack.
    private func connections(to backend: Backend, _ farm: Farm, _ counts: ConnectionIndex) -> Int? {
        guard farm.mode.usesConntrack else { return nil }
        return counts[backend.address, default: []].reduce(0) { $1.key.ends(at: backend, of: farm) ? $0 + $1.value : $0 }
    }

    /// Nil while nothing of the farm is in transition.
    func handover(of farm: String) -> HandoverView? {
        guard let summary = HandoverSummary(desired.transitions[farm] ?? [], settings.handover) else { return nil }
        return HandoverView(
            farm: farm, slots: summary.slots, since: Timestamp.text(summary.since), endsBy: Timestamp.text(summary.endsBy))
    }

    func view(_ plan: ChangePlan) async -> PlanView {
        var atRisk = 0
        if !plan.removedBackends.isEmpty {
            let gone = Set(plan.removedBackends)
            do {
                atRisk = try await sweeper.counts().reduce(0) { gone.contains($1.key.endpoint) ? $0 + $1.value : $0 }
            } catch {
                log.warning("connections at risk are not counted", metadata: ["error": "\(error)"])
            }
        }
        return PlanView(
            same: plan.isEmpty, farms: .init(added: plan.added, changed: plan.changed, removed: plan.removed),
            elements: .init(added: plan.elementsAdded, removed: plan.elementsRemoved), slotsMoved: plan.slotsMoved,
            connectionsAtRisk: atRisk, needsForce: objection(to: plan) != nil)
    }
}

extension StatusView.Farms {
    mutating func count(_ condition: FarmTally.Condition) {
        switch condition {
        case .up: up += 1
        case .degraded: degraded += 1
        case .down: down += 1
        case .maintenance: break
        }
    }
}

extension FarmState {
    init(_ condition: FarmTally.Condition) {
        self =
            switch condition {
            case .up: .up
            case .degraded: .degraded
            case .down: .down
            case .maintenance: .maintenance
            }
    }
}

/// Connections by the backend's address, so that each backend looks at its own only.
typealias ConnectionIndex = [IPAddress: [(key: ConnectionTarget, value: Int)]]
