import FarmModel
import NetTypes

/// What a mode cannot do, with the reason.
extension FarmRules {
    func checkMode() {
        if !draft.farm.mode.usesConntrack { checkWithoutConntrack() }
        if draft.farm.mode == .local { checkLocal() }
    }

    private func checkWithoutConntrack() {
        refuse(draft.traffic.limitFields?["connectionsPerSource"], "to count connections with")
        for entry in draft.backends.entries { refuse(entry.connectionLimit, "to count connections with") }
        for entry in draft.backends.entries {
            entry.mark?.fault(
                .doesNotApply, "mode \(draft.farm.mode.name) marks packets before it chooses their backend", hint: "mark the farm instead")
        }
        checkPolicies()
        if draft.farm.helper != nil { refuse(fields["helper"], "to announce further connections to") }
        refuse(
            fields["persistence"], "to keep a connection where its first packet went",
            hint: "hash: [sourceAddress] keeps clients apart, too")
        if draft.farm.scheduler == .leastConnections { return refuse(fields["scheduler"], "to count connections with") }
        checkRepeatability()
    }

    private func checkPolicies() {
        refuse(draft.policy?.passivePlace, "to watch connections with")
        if draft.policy?.onDown == .reset { refuse(draft.policy?.onDownPlace, "to forget connections in") }
        for entry in draft.backends.entries where entry.backend.verdictPolicy?.onDown == .reset {
            refuse(entry.health?.policy.onDownPlace, "to forget connections in")
        }
    }

    private func refuse(_ reader: NodeReader?, _ purpose: String, hint: String? = nil) {
        reader?.fault(
            .doesNotApply, "mode \(draft.farm.mode.name) has no conntrack \(purpose)",
            hint: hint ?? "leave it out, or use mode dnat or snat")
    }

    /// Each packet is scheduled anew, so that only a hash keeps a connection on its backend.
    private func checkRepeatability() {
        guard !draft.farm.scheduler.isRepeatable, let reader = fields["scheduler"], hasConnections else { return }
        reader.fault(
            .doesNotApply,
            "\(draft.farm.mode.name) with scheduler \(draft.farm.scheduler.name) would send each packet of a connection elsewhere",
            hint: "use scheduler maglev or hash, or mode dnat")
    }

    private func checkLocal() {
        if let families {
            for entry in draft.backends.entries where !families.contains(entry.backend.address.family) {
                log.report(
                    .doesNotApply, "no listener has an \(entry.backend.address.family.label) address", at: entry.spot,
                    hint: "leave this backend out, or add a listener", explain: "farm.backends")
            }
        }
        let inputs = draft.farm.scheduler.hashInputs?.inputs ?? []
        guard inputs.contains(.sourceMac) || inputs.contains(.destinationMac) else { return }
        fields["hash"]?.fault(
            .doesNotApply, "connections that the balancer itself makes have no MAC to hash", hint: "hash addresses and ports")
    }
}
