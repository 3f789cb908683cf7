import FarmModel
import HealthPolicy

/// Keeps what single probes say of backends that several look at, and says when the whole changes.
struct CompositeBoard {
    private var composites: [ProbeTarget: CompositeState] = [:]
    private var users: [ProbeTarget: [ProbeTarget]] = [:]
    /// Parts that are wanted for their own sake, too.
    private var plain: Set<ProbeTarget> = []

    func state(of target: ProbeTarget) -> CompositeState? { composites[target] }
    var states: [ProbeTarget: CompositeState] { composites }

    /// Returns what is to be probed.
    mutating func setTargets(_ wanted: [ProbeTarget: Verdict?], at now: MonotonicInstant) -> [ProbeTarget: Verdict?] {
        guard !composites.isEmpty || wanted.keys.contains(where: \.isComposite) else { return wanted }
        var probed = wanted.filter { !$0.key.isComposite }
        var (kept, users) = ([ProbeTarget: CompositeState](), [ProbeTarget: [ProbeTarget]]())
        plain = []
        for (target, lastKnown) in wanted where target.isComposite {
            kept[target] = composites[target] ?? CompositeState(target, lastKnown: lastKnown, at: now)
            for part in Set(target.parts + [target.agent].compactMap { $0 }) {
                users[part, default: []].append(target)
                if wanted[part] == nil { probed[part] = .some(lastKnown) } else { plain.insert(part) }
            }
        }
        (composites, self.users) = (kept, users)
        return probed
    }

    /// Takes in what is known of parts, for composites that are new.
    mutating func catchUp(at now: MonotonicInstant, _ state: (ProbeTarget) -> HealthState?) -> [ProbeReport] {
        composites.keys.sorted(by: ProbeTarget.precedes).compactMap { target in
            composites[target]?.catchUp(at: now, state).map { $0.report(on: target) }
        }
    }

    /// Reports of probes in, reports that the others care for out.
    mutating func translate(_ reports: [ProbeReport]) -> [ProbeReport] {
        guard !users.isEmpty else { return reports }
        var translated: [ProbeReport] = []
        for report in reports {
            guard let concerned = users[report.target] else {
                translated.append(report)
                continue
            }
            if plain.contains(report.target) { translated.append(report) }
            translated += concerned.compactMap { target in composites[target]?.take(report).map { $0.report(on: target) } }
        }
        return translated
    }
}
