import ControlAPI
import FarmModel
import HealthPolicy
import NetTypes
import ReconcilePolicy

extension Reconciler {
    public func why(farm name: String, backend: String?) async throws(Problem) -> WhyView {
        desired.now = Timestamp.monotonic
        let farm = try find(farm: name)
        let chosen = try backend.map { name throws(Problem) in [try find(farm.name, name).1] } ?? farm.backends.sorted { $0.name < $1.name }
        return WhyView(
            farm: name, state: state(of: name), families: families(farm),
            suspicions: suspicion.suspicions.map(\.words),
            backends: chosen.map { why($0, farm) })
    }

    private func families(_ farm: Farm) -> [FamilyWhy] {
        let slots = desired.compiledFarms[farm.name]?.slots ?? [:]
        return (desired.health[farm.name]?.decisions ?? [:]).sorted { $0.key < $1.key }.map { family, decision in
            FamilyWhy(
                family: family == .ipv4 ? "ipv4" : "ipv6", healthy: decision.healthy, counted: decision.counted, quorum: farm.quorum,
                quorumHysteresis: farm.quorumHysteresis, tiers: decision.joined.sorted(), panic: decision.isPanicking,
                panicThreshold: farm.panicThreshold, noBackend: slots[family]?.isEmpty == true ? farm.noBackend.rawValue : nil)
        }
    }

    private func why(_ backend: Backend, _ farm: Farm) -> BackendWhy {
        let record = desired.record(of: backend, in: farm)
        let now = desired.now
        let ramp = desired.ramp(of: backend, in: farm)
        let hop = farm.mode.usesConntrack ? nil : desired.nextHops[backend.address]
        let target = farm.probeTarget(of: backend)
        return BackendWhy(
            backend: view(backend, farm), findings: findings(backend, farm),
            maintenanceFile: desired.maintenance.note(on: BackendID(farm: farm.name, backend: backend.name))?.file,
            ramp: ramp < 100 ? ramp : nil, heldUntil: record.isHeld(at: now) ? record.heldUntil.map(Timestamp.text) : nil,
            ejectedUntil: record.isEjected(at: now) ? record.ejectedUntil.map(Timestamp.text) : nil, relapses: record.relapses,
            ejections: record.ejections, neighbour: hop.map { "\($0.destination) via \($0.device.name)" }, probe: target.map(probe))
    }

    private func probe(_ target: ProbeTarget) -> ProbeWhy {
        let state = prober.state(of: target)
        let (check, counts) = (target.check, state?.counts ?? ProbeCounts())
        return ProbeWhy(
            type: check.typeName, target: target.placeText, interval: check.interval / .seconds(1),
            timeout: check.timeout / .seconds(1), rise: check.rise, fall: check.fall, opposing: state?.opposing ?? 0,
            successes: counts.successes, failures: counts.failures, late: counts.late,
            results: (state?.history.records ?? []).reversed().map(\.view),
            transitions: verdictLog[target].reversed().map {
                .init(at: Timestamp.text($0.at), verdict: $0.verdict.rawValue, reason: $0.reason)
            })
    }
}

extension Reconciler {
    /// The most important first; there is always one.
    private func findings(_ backend: Backend, _ farm: Farm) -> [String] {
        let standing = desired.standing(of: backend, in: farm)
        let isServing = desired.isServing(backend, in: farm)
        var findings = [main(standing, isServing, backend, farm)]
        let ramp = desired.ramp(of: backend, in: farm)
        if standing.isUsable, ramp < 100 { findings.append("starts slowly: has \(ramp) % of its weight") }
        if let decision = desired.decision(about: backend, in: farm), decision.isPanicking {
            findings.append(
                "panic: \(decision.healthy) of \(decision.counted) healthy, below \(farm.panicThreshold) %; all are used")
        }
        if let finding = forwardingFinding(backend, farm) { findings.append(finding) }
        if desired.makeshift.contains(farm.name) {
            findings.append("so many backends have turned at once that slots are dealt only when it is calm again")
        }
        if let target = farm.probeTarget(of: backend), let opposing = prober.state(of: target)?.opposing, opposing > 0 {
            let needed =
                desired.verdict(of: backend, in: farm) == .up
                ? "at \(target.check.fall) it turns down" : "at \(target.check.rise) it turns up"
            findings.append("\(counted(opposing, "result")) in a row against the verdict; \(needed)")
        }
        return findings
    }

    private func main(_ standing: BackendStanding, _ isServing: Bool, _ backend: Backend, _ farm: Farm) -> String {
        let target = farm.probeTarget(of: backend)
        let words = reason(standing, target, target.flatMap { prober.state(of: $0) })
        switch standing {
        case .serving where isServing: return "gets new connections (\(words))"
        case .serving: return "healthy, and waits: its tier \(backend.priority) has not joined"
        case .admin(let state): return "\(state.rawValue) \(origin(of: backend, farm))"
        case .verdict(let verdict): return "\(verdict.rawValue): \(words)" + (isServing ? ", and used all the same" : "")
        case .held, .ejected: return words + (isServing ? ", and used all the same: nobody else is left" : "")
        case .weightZero, .noNeighbour: return words
        }
    }

    private func origin(of backend: Backend, _ farm: Farm) -> String {
        if farm.state != .ready { return "by the farm's file" }
        let id = BackendID(farm: farm.name, backend: backend.name)
        if let (file, note) = desired.maintenance.note(on: id) {
            return "by the file maintenance.d/\(file)" + (note.isEmpty ? "" : ": \(note)")
        }
        return desired.overrides[id]?.admin != nil ? "by an override" : "by its file"
    }
}

extension ProbeRecord {
    fileprivate var view: ProbeWhy.Result {
        let word =
            switch result {
            case .success: "success"
            case .failure: "failure"
            case .late: "late"
            }
        let milliseconds = Double(duration.wholeNanoseconds / 1_000) / 1_000
        return .init(at: Timestamp.text(at), result: word, reason: result.reason, milliseconds: milliseconds)
    }
}
