import FarmModel
import NetTypes

/// Keys about clients that could never have an effect.
extension FarmRules {
    func checkTraffic() {
        checkLimits()
        if draft.farm.limits.synProxy { checkSynProxy() }
        checkHelper()
        checkPersistenceKey()
        for entry in draft.traffic.sessions { check(entry) }
    }

    private func checkLimits() {
        guard let limits = draft.traffic.limitFields else { return }
        let perSource = ["newConnectionsPerSource", "connectionsPerSource", "resetsPerSource"]
        if perSource.allSatisfy({ limits[$0] == nil }) {
            limits["banTime"]?.fault(
                .doesNotApply, "nothing bans a source without a limit per source", hint: "add one of \(perSource.alternatives)")
        }
        guard !hasTCP else { return }
        let (isStrict, isProxied) = (draft.farm.limits.tcpStrict, draft.farm.limits.synProxy)
        let readers = [limits["resetsPerSource"], isStrict ? limits["tcpStrict"] : nil, isProxied ? limits["synProxy"] : nil]
        for reader in readers.compactMap({ $0 }) {
            reader.fault(.doesNotApply, "\(reader.key.name.quoted) is about TCP, and no listener is", hint: "leave it out")
        }
    }

    /// A helper reads one protocol, for some also one family.
    private func checkHelper() {
        guard let helper = draft.farm.helper, let reader = fields["helper"], draft.listeners.isWhole else { return }
        let isRead = draft.farm.listeners.contains {
            helper.transports.contains($0.transport) && helper.families.contains($0.address.family)
        }
        guard !isRead, !draft.farm.listeners.isEmpty else { return }
        let transports = helper.transports.map(\.description).alternatives
        let family = helper.families == [.ipv4] ? " over IPv4" : ""
        reader.fault(
            .doesNotApply, "helper \(helper.rawValue) reads \(transports)\(family), and no listener has that",
            hint: "leave it out, or add such a listener")
    }

    /// On the way in it is always the balancer's own.
    private func checkPersistenceKey() {
        guard let key = draft.farm.persistence?.key, key.inputs.contains(.destinationMac) else { return }
        draft.traffic.persistenceFields?["key"]?.fault(
            .doesNotApply, "the destination MAC is the balancer's own and tells no client from another", hint: "leave destinationMac out")
    }

    private func check(_ entry: SessionDraft) {
        let (source, name) = (entry.session.source, entry.session.backend)
        if let families, !families.contains(source.family) {
            entry.source.fault(.doesNotApply, "no listener has an \(source.family.label) address", hint: "leave this session out")
        }
        guard draft.backends.isWhole else { return }
        guard let backend = draft.farm.backends.first(where: { $0.name == name }) else {
            let near = NearestWord.to(name, among: draft.farm.backends.map(\.name))
            return entry.backend.fault(
                .noSuchBackend, "no backend is named \(name.quoted)",
                hint: near.map { "did you mean \($0.quoted)?" } ?? "name one of this farm")
        }
        guard backend.address.family != source.family else { return }
        entry.backend.fault(
            .noSuchBackend, "backend \(name.quoted) is not of the client's address family", hint: "the client is \(source)")
    }
}
