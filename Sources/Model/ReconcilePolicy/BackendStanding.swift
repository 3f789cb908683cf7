import FarmModel
import HealthPolicy
import NetTypes

/// Why a backend gets new connections, or why not.
public enum BackendStanding: Sendable, Hashable {
    case serving
    case admin(AdminState)
    case weightZero
    case verdict(Verdict)
    /// Held down after relapses, until then.
    case held(until: MonotonicInstant)
    /// By passive detection, until then.
    case ejected(until: MonotonicInstant)
    /// dsr: nobody has answered for its address on the link yet.
    case noNeighbour

    public var isUsable: Bool { self == .serving }
}

extension Farm {
    /// What is probed for this backend; nil when it is not probed.
    public func probeTarget(of backend: Backend) -> ProbeTarget? {
        let check = backend.health ?? health
        // A host has no port: backends of one share the probe.
        if check.kind == .icmp { return ProbeTarget(address: probeAddress(of: backend), port: 0, check: check) }
        let passage = check.way.via == .vip ? probePassage(to: backend) : nil
        let door = check.kind.carrier.flatMap { passage?.door($0) }
        guard check.kind != .none || check.agent != nil,
            let port = check.port ?? door?.port ?? backend.port?.first ?? listenerPort(for: backend)
        else { return nil }
        return ProbeTarget(address: probeAddress(of: backend), port: port, check: check, passage: passage)
    }

    func probeAddress(of backend: Backend) -> IPAddress { (backend.health ?? health).address ?? backend.address }

    /// A backend that keeps the client's port is probed at the first port of the farm.
    private func listenerPort(for backend: Backend) -> UInt16? {
        let own = listeners.filter { $0.address.family == backend.address.family && !$0.isWhole }
        return (own.first { $0.transport == .tcp } ?? own.first)?.ports.first?.first
    }
}

extension DesiredState {
    public func admin(of backend: Backend, in farm: Farm) -> AdminState {
        if farm.state != .ready { return farm.state }
        if maintenance.note(on: BackendID(farm: farm.name, backend: backend.name)) != nil { return .maintenance }
        if let override = overrides[BackendID(farm: farm.name, backend: backend.name)]?.admin { return override }
        return backend.state == .ready ? advisedAdmin(of: backend, in: farm) ?? .ready : backend.state
    }

    /// What its agent wants, as far as the operator has not said otherwise.
    private func advisedAdmin(of backend: Backend, in farm: Farm) -> AdminState? {
        switch advice(of: backend, in: farm)?.admin {
        case .drain: .drain
        case .maintenance: .maintenance
        case .ready, nil: nil
        }
    }

    public func advice(of backend: Backend, in farm: Farm) -> ProbeAdvice? {
        guard !advices.isEmpty else { return nil }
        return farm.probeTarget(of: backend).flatMap { advices[$0] }
    }

    /// After overrides, and after what the backend asks for: a share of its weight is rounded down, but not to nothing.
    public func weight(of backend: Backend, in farm: Farm) -> Int {
        let override = overrides[BackendID(farm: farm.name, backend: backend.name)]?.weight
        let weight = override ?? backend.weight
        switch advice(of: backend, in: farm)?.weight {
        case .percent(let percent): return percent == 0 || weight == 0 ? 0 : min(1000, max(1, weight * percent / 100))
        case .absolute(let wanted): return override ?? min(1000, wanted)
        case nil: return weight
        }
    }

    public func verdict(of backend: Backend, in farm: Farm) -> Verdict {
        guard let target = farm.probeTarget(of: backend) else { return .up }
        return verdicts[target] ?? .unknown
    }

    /// By the backend's index.
    func verdicts(in farm: Farm) -> [Verdict] { verdictRows[farm.name] ?? farm.backends.map { verdict(of: $0, in: farm) } }

    /// The first reason that keeps the backend out, in the order in which an operator would look.
    public func standing(of backend: Backend, in farm: Farm) -> BackendStanding {
        standing(of: backend, in: farm, record(of: backend, in: farm), verdict(of: backend, in: farm))
    }

    func standing(of backend: Backend, in farm: Farm, _ record: BackendRecord, _ verdict: Verdict) -> BackendStanding {
        let admin = admin(of: backend, in: farm)
        if admin != .ready { return .admin(admin) }
        if weight(of: backend, in: farm) == 0 { return .weightZero }
        if verdict != .up { return .verdict(verdict) }
        if farm.mode == .dsr, nextHops[backend.address] == nil { return .noNeighbour }
        if let end = record.ejectedUntil, record.isEjected(at: now) { return .ejected(until: end) }
        if let end = record.heldUntil, record.isHeld(at: now) { return .held(until: end) }
        return .serving
    }
}
