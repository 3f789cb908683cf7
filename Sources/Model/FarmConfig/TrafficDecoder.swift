import FarmModel
import NetTypes

/// What a farm says of its clients, with the places that checks need.
struct TrafficDraft {
    let limits: Limits
    let limitFields: Fields?
    let persistence: Persistence?
    let persistenceFields: Fields?
    let sessions: [SessionDraft]
    let policies: [Policy]
    let log: ConnectionLog?
    let logPrefix: String?
}

struct SessionDraft {
    let session: StaticSession
    let source: NodeReader
    let backend: NodeReader
}

/// Reads limits, policies, persistence and logging.
enum TrafficDecoder {
    static func draft(_ fields: Fields) -> TrafficDraft {
        let (limits, persistence, log) = (fields["limits"]?.fields(), fields["persistence"]?.fields(), fields["log"]?.fields())
        let sessions = (persistence?["sessions"]).map(sessions) ?? []
        return TrafficDraft(
            limits: limits.map(Self.limits) ?? Limits(), limitFields: limits,
            persistence: persistence.map { Self.persistence($0, sessions) }, persistenceFields: persistence, sessions: sessions,
            policies: fields["policies"].map(policies) ?? [],
            log: (log?["connections"]).flatMap(connectionLog), logPrefix: log?["prefix"]?.text())
    }

    private static func limits(_ fields: Fields) -> Limits {
        Limits(
            newConnections: fields["newConnections"]?.rateLimit(), newConnectionsPerSource: fields["newConnectionsPerSource"]?.rateLimit(),
            connectionsPerSource: fields["connectionsPerSource"]?.integer(), resetsPerSource: fields["resetsPerSource"]?.rateLimit(),
            tcpStrict: fields["tcpStrict"]?.boolean() ?? false, synProxy: fields["synProxy"]?.boolean() ?? false,
            banTime: fields["banTime"]?.seconds())
    }

    private static func persistence(_ fields: Fields, _ sessions: [SessionDraft]) -> Persistence {
        let defaults = Persistence()
        return Persistence(
            key: fields["key"]?.words(HashInput.init(rawValue:)).flatMap { HashInputs($0) } ?? defaults.key,
            timeout: fields["timeout"]?.seconds() ?? defaults.timeout,
            sessions: sessions.map(\.session).sorted { $0.source < $1.source })
    }

    /// Each source once; a second entry of one is a fault.
    private static func sessions(_ reader: NodeReader) -> [SessionDraft] {
        var seen: [IPAddress: NodeReader] = [:]
        var sessions: [SessionDraft] = []
        for entry in reader.entries(atMost: FarmLimits.sessionsPerFarm) ?? [] {
            guard let fields = entry.fields("a mapping such as { source: 192.0.2.7, backend: web1 }") else { continue }
            let (source, backend) = (fields.required("source"), fields.required("backend"))
            guard let address = source?.address(for: .client), let name = backend?.text(), let source, let backend else { continue }
            if let first = seen[address] {
                source.fault(.duplicateSession, "\(address) has a session already", hint: "leave one out", other: first)
            }
            seen[address] = seen[address] ?? source
            sessions.append(SessionDraft(session: StaticSession(source: address, backend: name), source: source, backend: backend))
        }
        return sessions
    }

    private static func policies(_ reader: NodeReader) -> [Policy] {
        var names: [String: NodeReader] = [:]
        var policies: [Policy] = []
        for entry in reader.entries(atMost: FarmLimits.policiesPerFarm) ?? [] {
            guard let fields = entry.fields("a mapping such as { name: bad, action: drop, sources: [192.0.2.0/24] }") else { continue }
            guard let policy = policy(fields), let name = fields["name"] else { continue }
            if let first = names[policy.name] {
                name.fault(
                    .duplicatePolicy, "a second policy is named \(policy.name.quoted)", hint: "names are unique in a farm", other: first)
            }
            names[policy.name] = names[policy.name] ?? name
            policies.append(policy)
        }
        return policies
    }

    private static func policy(_ fields: Fields) -> Policy? {
        let name = fields.required("name")?.text()
        let action = fields.required("action")?.word(Policy.Action.init(rawValue:))
        let networks = (fields["sources"]?.entries(atMost: FarmLimits.sourcesPerPolicy) ?? []).compactMap { $0.network() }
        let file = fields["sourceFile"].flatMap { reader in reader.text().map(reader.log.path(beside:)) }
        if fields["sources"] == nil, fields["sourceFile"] == nil {
            fields.owner.fault(
                .missingKey, "a policy needs sources", hint: "add \"sources\" or \"sourceFile\"; 0.0.0.0/0 and ::/0 are everybody")
        }
        let log = fields["log"]?.rate()
        guard let name, let action else { return nil }
        return Policy(name: name, action: action, sources: AddressRange.canonical(networks), sourceFile: file, log: log)
    }

    private static func connectionLog(_ reader: NodeReader) -> ConnectionLog? {
        guard let scalar = reader.scalar(ValueType.switchOrRate.summary) else { return nil }
        switch scalar.text {
        case "off": return nil
        case "on": return ConnectionLog()
        default: return reader.rate().map { ConnectionLog(rate: $0) }
        }
    }
}
