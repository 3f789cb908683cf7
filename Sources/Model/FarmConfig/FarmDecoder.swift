import FarmModel
import NetTypes

/// Reads a document as a farm. Faults go to the log; a draft is a farm only if its document had none.
struct FarmDecoder {
    let fields: Fields
    private let log: FaultLog

    init?(document: SourceNode, log: FaultLog) {
        let reader = NodeReader(node: document, key: FarmSchema.farm, log: log)
        guard document.mapping != nil else {
            log.report(
                .wrongType, "a farm has to be a mapping, not \(document.kind)", at: reader.spot,
                hint: document.list == nil ? "begin with \"farm: NAME\"" : "farms of one file are separated by ---", explain: "farm")
            return nil
        }
        guard let fields = reader.fields() else { return nil }
        (self.fields, self.log) = (fields, log)
    }

    func draft() -> FarmDraft {
        let before = log.count
        let name = fields.required("farm").flatMap { $0.placed($0.text()) }
        let listeners = fields.required("listen").flatMap { ListenerDecoder.listeners($0) } ?? Complete(entries: [], isWhole: false)
        let health = fields["health"].flatMap { HealthDecoder.settings($0) }
        let backends =
            fields.required("backends").flatMap { BackendDecoder(farmHealth: health).backends($0) } ?? Complete(entries: [], isWhole: false)
        let farm = Farm(
            name: name?.value ?? "", description: fields["description"]?.text(), listeners: listeners.entries.map(\.value).sorted(),
            mode: mode(),
            scheduler: scheduler(), tableSize: tableSize(), backends: backends.entries.map(\.backend),
            health: health?.resolved ?? HealthCheck(), quorum: fields["quorum"]?.integer() ?? 1,
            noBackend: fields["noBackend"]?.word(NoBackendAction.init(rawValue:)) ?? .reject,
            state: fields["state"]?.word(AdminState.init(rawValue:)) ?? .ready)
        _ = fields["helper"]?.word { $0 }
        let draft = FarmDraft(farm: farm, name: name, listeners: listeners, backends: backends)
        FarmRules(draft: draft, fields: fields, log: log).check()
        return draft.with(isLegal: log.count == before)
    }

    private func mode() -> ForwardingMode {
        let modes: [String: ForwardingMode] = ["dnat": .dnat, "dsr": .dsr, "snat": .snat(source: [])]
        guard let mode = fields["mode"].map({ $0.word { modes[$0] } }) ?? .snat(source: []) else {
            _ = sourceAddresses()
            return .snat(source: [])
        }
        guard case .snat = mode else {
            fields["sourceAddress"]?.fault(
                .doesNotApply, "mode \(mode.name) keeps the client's address", hint: "leave sourceAddress out, or use mode snat")
            return mode
        }
        return .snat(source: sourceAddresses())
    }

    private func sourceAddresses() -> [IPAddress] {
        guard let reader = fields["sourceAddress"] else { return [] }
        guard reader.node.list != nil else { return reader.address(for: .source).map { [$0] } ?? [] }
        var addresses: [IPAddress] = []
        for entry in reader.entries(atMost: AddressFamily.allCases.count) ?? [] {
            guard let address = entry.address(for: .source) else { continue }
            if addresses.contains(where: { $0.family == address.family }) {
                entry.fault(
                    .sourceFamily, "\(address) is a second source address of its family", hint: "one IPv4 and one IPv6 address at most")
            }
            addresses.append(address)
        }
        return addresses.sorted()
    }

    private func scheduler() -> Scheduler {
        let inputs = fields["hash"]?.words(HashInput.init(rawValue:)).flatMap(HashInputs.init) ?? .addressAndPort
        let schedulers: [String: Scheduler] = [
            "maglev": .maglev(inputs), "hash": .hash(inputs), "round-robin": .roundRobin, "random": .random,
        ]
        guard let scheduler = fields["scheduler"].map({ $0.word { schedulers[$0] } }) ?? .maglev(inputs) else { return .maglev(inputs) }
        if scheduler.hashInputs == nil {
            fields["hash"]?.fault(
                .doesNotApply, "scheduler \(scheduler.name) hashes nothing", hint: "leave hash out, or use scheduler hash or maglev")
        }
        return scheduler
    }

    private func tableSize() -> TableSize {
        guard let slots = fields["tableSize"]?.tableSize(TableSize.classes) ?? nil else { return .automatic }
        return .slots(slots)
    }
}

/// A farm as read, with the places that checks need.
struct FarmDraft {
    let farm: Farm
    let name: Placed<String>?
    let listeners: Complete<Placed<Listener>>
    let backends: Complete<BackendDraft>
    private(set) var isLegal = false

    init(farm: Farm, name: Placed<String>?, listeners: Complete<Placed<Listener>>, backends: Complete<BackendDraft>) {
        (self.farm, self.name, self.listeners, self.backends) = (farm, name, listeners, backends)
    }

    func with(isLegal: Bool) -> FarmDraft {
        var copy = self
        copy.isLegal = isLegal
        return copy
    }
}

/// The entries that could be read. What is missing in an incomplete list is not held against the rest of the farm.
struct Complete<Entry> {
    let entries: [Entry]
    let isWhole: Bool
}
