import FarmModel
import NetTypes

/// A backend as read, with the places that checks need.
struct BackendDraft {
    let backend: Backend
    let spot: Spot
    let nameSpot: Spot
    let portSpot: Spot
    let source: NodeReader?
    let connectionLimit: NodeReader?
    let mark: NodeReader?
    /// The farm's settings under the backend's own.
    let health: HealthSettings?
    let healthReader: NodeReader?
}

/// Reads the entries of `backends`, long or short.
struct BackendDecoder {
    let farmHealth: HealthSettings?
    /// Whether backends are the balancer's own.
    let isLocal: Bool

    private var use: NodeReader.AddressUse { isLocal ? .ownBackend : .backend }

    func backends(_ reader: NodeReader) -> Complete<BackendDraft>? {
        guard let entries = reader.entries(atMost: FarmLimits.backendsPerFarm) else { return nil }
        let backends = entries.compactMap(backend)
        return Complete(entries: backends, isWhole: backends.count == entries.count)
    }

    private func backend(_ entry: NodeReader) -> BackendDraft? {
        if entry.node.scalar != nil { return shortForm(entry) }
        guard !entry.isUnquotedEndpoint() else { return nil }
        guard let fields = entry.fields(ValueType.shortOrSection(.backend).summary) else { return nil }
        let address = fields.required("address")?.address(for: use)
        let port = fields["port"].map { $0.portRange() }
        let name = fields["name"].map { $0.text() }
        let weight = fields["weight"]?.integer()
        let priority = fields["priority"]?.integer()
        let source = fields["sourceAddress"]?.address(for: .source)
        let health = fields["health"].flatMap { HealthDecoder.settings($0, over: farmHealth) }
        let state = fields["state"]?.word(AdminState.init(rawValue:))
        let (limit, mark) = (fields["connectionLimit"]?.integer(), fields["mark"]?.mark())
        guard let address, port != .some(nil), name != .some(nil) else { return nil }
        let backend = Backend(
            name: (name ?? nil) ?? Self.endpointText(address, port ?? nil), address: address, port: port ?? nil, weight: weight ?? 1,
            priority: priority ?? 1, sourceAddress: source, health: health?.resolved,
            verdictPolicy: health?.policy.resolved, state: state ?? .ready, connectionLimit: limit, mark: mark)
        return BackendDraft(
            backend: backend, spot: fields["address"]?.spot ?? entry.spot,
            nameSpot: fields["name"]?.spot ?? fields["address"]?.spot ?? entry.spot,
            portSpot: fields["port"]?.spot ?? entry.spot, source: source == nil ? nil : fields["sourceAddress"],
            connectionLimit: fields["connectionLimit"], mark: fields["mark"], health: health ?? farmHealth, healthReader: fields["health"])
    }

    /// `10.0.1.11:8080`, `10.0.1.11`, `[fd00::1]:80`
    private func shortForm(_ entry: NodeReader) -> BackendDraft? {
        guard let text = entry.shortText(.backend), let (host, portText) = entry.hostAndPort(text[...]) else { return nil }
        guard let address = entry.address(host, for: use) else { return nil }
        let port = portText.map { entry.portRange($0) }
        guard port != .some(nil) else { return nil }
        let backend = Backend(name: Self.endpointText(address, port ?? nil), address: address, port: port ?? nil)
        return BackendDraft(
            backend: backend, spot: entry.spot, nameSpot: entry.spot, portSpot: entry.spot, source: nil, connectionLimit: nil, mark: nil,
            health: farmHealth, healthReader: nil)
    }

    /// The name of a backend that has none.
    static func endpointText(_ address: IPAddress, _ port: PortRange?) -> String {
        address.bracketed + (port.map { ":\($0)" } ?? "")
    }
}
