import FarmModel

/// What does not go together with a proxy for SYNs. It begins the backend's connection itself, at the hook of what the host sends: such a
/// packet has no frame, and has not come by where others are marked.
extension FarmRules {
    func checkSynProxy() {
        guard let reader = draft.traffic.limitFields?["synProxy"] else { return }
        switch draft.farm.mode {
        case .dnat, .snat: break
        case .local:
            return reader.fault(
                .doesNotApply, "the host's own tcp has SYN cookies itself", hint: "sysctl net.ipv4.tcp_syncookies=1")
        case .dsr, .stateless:
            return reader.fault(
                .doesNotApply, "mode \(draft.farm.mode.name) has no conntrack to shift sequence numbers with",
                hint: "use mode dnat or snat")
        }
        if let six = draft.listeners.entries.first(where: { $0.value.transport == .tcp && $0.value.address.family == .ipv6 }) {
            // nft_synproxy.c asks the checksum function of IPv4 whatever the packet is, seen in 6.18.
            log.report(
                .doesNotApply, "the kernel's SYN proxy drops IPv6 SYNs whose checksum the network card has not verified", at: six.spot,
                hint: "give IPv6 a farm of its own, without synProxy", explain: "farm.limits.synProxy")
        }
        let inputs = draft.farm.scheduler.hashInputs?.inputs ?? []
        if inputs.contains(.sourceMac) || inputs.contains(.destinationMac) { object(to: fields["hash"], "have no MAC to hash") }
        object(to: fields["persistence"], "have no frame to carry a session's backend in")
        if draft.farm.helper != nil { object(to: fields["helper"], "have their sequence numbers shifted already") }
        object(to: draft.farm.mark == nil ? nil : fields["mark"], "begin behind the hook that marks")
        for entry in draft.backends.entries { object(to: entry.mark, "begin behind the hook that marks") }
    }

    private func object(to reader: NodeReader?, _ reason: String) {
        reader?.fault(.doesNotApply, "connections behind synProxy \(reason)", hint: "leave it out, or leave synProxy out")
    }
}
