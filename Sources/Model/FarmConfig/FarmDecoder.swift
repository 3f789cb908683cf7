import FarmModel
import NetTypes

/// Reads a document as a farm. Faults go to the log; a draft is a farm only if its document had none.
struct FarmDecoder {
    let fields: Fields
    private let log: FaultLog

    init?(document: SourceNode, schema: FarmKey, log: FaultLog) {
        let reader = NodeReader(node: document, key: schema, log: log)
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
        let traffic = TrafficDecoder.draft(fields)
        var farm = Farm(
            name: name?.value ?? "", description: fields["description"]?.text(), listeners: listeners.entries.map(\.value).sorted(),
            mode: mode(), scheduler: scheduler(defaultInputs(listeners)), tableSize: tableSize(), backends: [],
            health: health?.resolved ?? HealthCheck(), verdictPolicy: health?.policy.resolved ?? VerdictPolicy(),
            panicThreshold: health?.policy.panicThreshold ?? 50, passive: health?.policy.passive,
            quorum: fields["quorum"]?.integer() ?? 1, quorumHysteresis: fields["quorumHysteresis"]?.integer() ?? 0,
            noBackend: fields["noBackend"]?.word(NoBackendAction.init(rawValue:)) ?? .reject,
            state: fields["state"]?.word(AdminState.init(rawValue:)) ?? .ready, policies: traffic.policies, limits: traffic.limits,
            persistence: traffic.persistence, helper: fields["helper"]?.word { $0 }.flatMap(ConnectionHelper.init(rawValue:)),
            log: traffic.log, logPrefix: traffic.logPrefix, mark: fields["mark"]?.mark(),
            counters: fields["counters"]?.word(Counting.init(rawValue:)))
        let decoder = BackendDecoder(farmHealth: health, isLocal: farm.mode == .local)
        let backends = fields.required("backends").flatMap { decoder.backends($0) } ?? Complete(entries: [], isWhole: false)
        farm.backends = backends.entries.map(\.backend)
        let draft = FarmDraft(farm: farm, name: name, listeners: listeners, backends: backends, traffic: traffic, policy: health?.policy)
        FarmRules(draft: draft, fields: fields, log: log).check()
        return draft.with(isLegal: log.count == before)
    }

    private func mode() -> ForwardingMode {
        let modes: [String: ForwardingMode] = [
            "dnat": .dnat, "dsr": .dsr, "snat": .snat(source: []), "stateless": .stateless, "local": .local,
        ]
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

    private func defaultInputs(_ listeners: Complete<Placed<Listener>>) -> HashInputs {
        listeners.entries.contains { $0.value.isWhole } ? .address : .addressAndPort
    }

    private func scheduler(_ defaultInputs: HashInputs) -> Scheduler {
        let inputs = hashInputs(defaultInputs)
        let schedulers: [String: Scheduler] = [
            "maglev": .maglev(inputs), "hash": .hash(inputs), "round-robin": .roundRobin, "random": .random, "symhash": .symmetricHash,
            "least-connections": .leastConnections,
        ]
        guard let scheduler = fields["scheduler"].map({ $0.word { schedulers[$0] } }) ?? .maglev(inputs) else { return .maglev(inputs) }
        if scheduler.hashInputs == nil {
            for reader in [fields["hash"], fields["hashPrefix"]].compactMap({ $0 }) {
                reader.fault(
                    .doesNotApply, "scheduler \(scheduler.name) has no inputs to choose",
                    hint: "leave \(reader.key.name) out, or use scheduler hash or maglev")
            }
        }
        return scheduler
    }

    private func hashInputs(_ defaults: HashInputs) -> HashInputs {
        let inputs = fields["hash"].map { $0.words(HashInput.init(rawValue:)) } ?? defaults.inputs
        guard let reader = fields["hashPrefix"], let lengths = reader.fields() else {
            return inputs.flatMap { HashInputs($0) } ?? defaults
        }
        let prefixes = AddressPrefixes(ipv4: lengths["ipv4"]?.integer() ?? 32, ipv6: lengths["ipv6"]?.integer() ?? 128)
        if let inputs, !inputs.contains(.sourceAddress), !inputs.contains(.destinationAddress) {
            reader.fault(.doesNotApply, "no address is hashed", hint: "leave hashPrefix out, or hash sourceAddress")
        }
        return inputs.flatMap { HashInputs($0, prefixes: prefixes) } ?? defaults
    }

    private func tableSize() -> TableSize {
        guard let slots = fields["tableSize"]?.tableSize(TableSize.classes) ?? nil else { return .automatic }
        return .slots(slots)
    }
}
