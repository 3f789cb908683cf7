import FarmModel
import NetTypes

/// A backend that several probes look at: its checks, and an agent.
extension ProbeTarget {
    public var isComposite: Bool {
        if case .group = check.kind { return true }
        return check.agent != nil
    }

    /// The probes that say whether it is healthy; itself where there is but one, none where only the agent speaks.
    public var parts: [ProbeTarget] {
        switch check.kind {
        case .none: return []
        case .group(let group): return group.checks.map { part($0) }
        default:
            guard check.agent != nil else { return [self] }
            var plain = check
            plain.agent = nil
            return [part(plain)]
        }
    }

    /// A host has no port: backends of one share its echoes.
    private func part(_ check: HealthCheck) -> ProbeTarget {
        let door = check.kind.carrier.flatMap { passage?.door($0) }
        let port = check.kind == .icmp ? 0 : check.port ?? door?.port ?? port
        return ProbeTarget(address: check.address ?? address, port: port, check: check, passage: passage)
    }

    /// The probe that asks the agent.
    public var agent: ProbeTarget? {
        guard let agent = check.agent else { return nil }
        let way = ProbeWay(source: check.way.source, interface: check.way.interface)
        // Whatever it answers is taken at once: rise and fall are for those who are silent about themselves.
        let asking = HealthCheck(kind: .agent(agent.send), port: agent.port, interval: agent.interval, rise: 1, fall: 1, way: way)
        return ProbeTarget(address: address, port: agent.port, check: asking)
    }

    /// All its probes; itself where there is but one.
    public var probes: [ProbeTarget] { isComposite ? parts + [agent].compactMap { $0 } : [self] }
}

extension CheckRequirement {
    /// The verdict of checks with these verdicts; up when there is none.
    public func verdict(of checks: [Verdict]) -> Verdict {
        let needed = min(needed(of: checks.count), checks.count)
        let up = checks.count { $0 == .up }
        if up >= needed { return .up }
        return up + checks.count { $0 == .unknown } < needed ? .down : .unknown
    }
}
