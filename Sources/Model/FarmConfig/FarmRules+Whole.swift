import FarmModel
import NetTypes

/// Listeners of protocol all: what they cannot have, as it goes by ports or by what only some protocols say.
extension FarmRules {
    func checkWhole() {
        guard let first = draft.listeners.entries.first(where: { $0.value.isWhole }) else { return }
        switch draft.farm.mode {
        case .dnat, .snat, .dsr: break
        case .stateless, .local:
            return log.report(
                .doesNotApply, "mode \(draft.farm.mode.name) rewrites ports, which protocol all does not have", at: first.spot,
                hint: "use mode dnat, snat or dsr, or list protocols and ports", explain: "farm.listen.protocol")
        }
        let inputs = draft.farm.scheduler.hashInputs?.inputs ?? []
        if inputs.contains(.sourcePort) || inputs.contains(.destinationPort) {
            object(to: fields["hash"], "packets without ports would be hashed by what stands in their place", hint: "hash: [sourceAddress]")
        }
        if draft.farm.scheduler == .leastConnections {
            object(to: fields["scheduler"], "connections are counted by ports", hint: "use scheduler maglev or hash")
        }
        object(to: fields["persistence"], "sessions are remembered by ports", hint: "hash: [sourceAddress] keeps clients apart, too")
        for entry in draft.backends.entries { object(to: entry.connectionLimit, "connections of a backend are counted by ports") }
        for family in AddressFamily.allCases { checkProbePort(family) }
        guard draft.farm.mode.usesConntrack else { return }
        if draft.farm.mark != nil { object(to: fields["mark"], "backends are told by ports where packets are marked") }
        for entry in draft.backends.entries { object(to: entry.mark, "backends are told by ports where packets are marked") }
    }

    private func object(to reader: NodeReader?, _ reason: String, hint: String = "leave it out, or list protocols and ports") {
        reader?.fault(.doesNotApply, "with protocol all \(reason)", hint: hint)
    }

    /// A probe has to know where: no listener says it.
    private func checkProbePort(_ family: AddressFamily) {
        let listeners = draft.farm.listeners.filter { $0.address.family == family }
        guard draft.listeners.isWhole, !listeners.isEmpty, listeners.allSatisfy(\.isWhole) else { return }
        let guessed = draft.backends.entries.first {
            $0.backend.address.family == family && $0.health?.isChosen == true && $0.health?.port == nil
                && !["none", "icmp"].contains($0.health?.kind)
        }
        guard let guessed, let reader = guessed.healthReader ?? fields["health"] else { return }
        reader.fault(
            .doesNotApply, "protocol all names no port that backend \(guessed.backend.name.quoted) could be probed at",
            hint: "say it: health: { port: 22 }, or { type: icmp }, or { type: none }")
    }
}
