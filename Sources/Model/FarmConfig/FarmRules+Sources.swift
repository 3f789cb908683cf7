import FarmModel
import NetTypes

/// Addresses that backends see instead of the client's.
extension FarmRules {
    func checkSources() {
        for entry in draft.backends.entries { checkSource(of: entry) }
        guard case .snat(let addresses) = draft.farm.mode, let families, let reader = fields["sourceAddress"] else { return }
        let entries = reader.node.list?.map { NodeReader(node: $0, key: reader.key, log: log) } ?? [reader]
        for address in addresses where !families.contains(address.family) {
            let entry = entries.first { $0.node.scalar.flatMap { AddressText.parse($0.text) } == address } ?? reader
            entry.fault(.doesNotApply, "no listener has an \(address.family.label) address", hint: "leave \(address) out")
        }
    }

    private func checkSource(of entry: BackendDraft) {
        guard let source = entry.backend.sourceAddress, let reader = entry.source else { return }
        if case .snat = draft.farm.mode {
            guard source.family != entry.backend.address.family else { return }
            reader.fault(.sourceFamily, "\(source) is not of the backend's address family", hint: "the backend is \(entry.backend.address)")
        } else {
            reader.fault(
                .doesNotApply, "mode \(draft.farm.mode.name) keeps the client's address", hint: "leave sourceAddress out, or use mode snat")
        }
    }
}
