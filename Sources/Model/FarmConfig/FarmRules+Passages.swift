import FarmModel
import NetTypes

/// `via: vip`: what the rules of the farm cannot carry.
extension FarmRules {
    func checkPassages() {
        guard draft.listeners.isWhole else { return }
        var said: Set<String> = []
        for entry in draft.backends.entries {
            guard let settings = entry.health, settings.transport.via == .vip, let reader = entry.healthReader ?? fields["health"] else {
                continue
            }
            guard let fault = passageFault(settings.resolved, entry.backend.address.family) else { continue }
            if said.insert(fault.message).inserted { reader.fault(.doesNotApply, fault.message, hint: fault.hint) }
        }
    }

    private struct PassageFault {
        let message, hint: String
    }

    private func passageFault(_ check: HealthCheck, _ family: AddressFamily) -> PassageFault? {
        if draft.farm.mode == .local {
            return PassageFault(message: "mode local has nothing between the host and its own servers", hint: "leave \"via\" out")
        }
        let checks = if case .group(let group) = check.kind { group.checks } else { [check] }
        return checks.lazy.compactMap { passageFault(of: $0, family) }.first
    }

    private func passageFault(of check: HealthCheck, _ family: AddressFamily) -> PassageFault? {
        guard let carrier = check.kind.carrier else { return nil }
        if check.address != nil {
            return PassageFault(message: "a probe via vip goes to the listener's address", hint: "leave \"address\" or \"via\" out")
        }
        let own = draft.farm.listeners.filter { $0.address.family == family }
        let hasPorts = own.contains { $0.transport == carrier }
        guard hasPorts || own.contains(where: \.isWhole) else {
            return PassageFault(
                message: "no \(family.label) listener takes \(carrier), for a probe via vip to go to",
                hint: "leave \"via\" out, or add such a listener")
        }
        if check.port != nil, draft.farm.mode != .dsr, hasPorts {
            return PassageFault(message: "a probe via vip goes to the listener's port", hint: "leave \"port\" or \"via\" out")
        }
        if case .udp(let talk) = check.kind, talk.expect.isEmpty {
            return PassageFault(
                message: "a probe by udp that expects nothing takes silence for success, also that of a missing address",
                hint: "say what the answer is: expect, or leave \"via\" out")
        }
        return nil
    }
}
