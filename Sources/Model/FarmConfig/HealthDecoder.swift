import FarmModel
import NetTypes

/// The keys of a `health` mapping that were written; the rest comes from the farm's mapping or the defaults.
struct HealthSettings {
    var kind: String?
    var address: IPAddress?
    var port: UInt16?
    var interval, fastInterval, downInterval, timeout: Duration?
    var rise, fall: Int?
    var policy = PolicySettings()
    var talk = TalkSettings()
    var transport = TransportSettings()
    var agent: AgentCheck?
    /// Instead of a kind.
    var checks: [HealthSettings]?
    var require: CheckRequirement?

    /// As the table of keys and types names it.
    var typeName: String { checks == nil ? kind ?? "tcp" : HealthScope.several }

    /// Whether somebody thought of what is probed where.
    var isChosen: Bool { kind != nil || port != nil || checks != nil }

    /// The farm's settings beneath a backend's.
    func over(_ base: HealthSettings) -> HealthSettings {
        var whole = HealthSettings(
            kind: checks == nil ? kind ?? base.kind : nil, address: address ?? base.address, port: port ?? base.port,
            interval: interval ?? base.interval,
            fastInterval: fastInterval ?? base.fastInterval, downInterval: downInterval ?? base.downInterval,
            timeout: timeout ?? base.timeout, rise: rise ?? base.rise, fall: fall ?? base.fall, talk: talk.over(base.talk),
            transport: transport.over(base.transport))
        whole.policy = policy.over(base.policy)
        whole.agent = agent ?? base.agent
        whole.checks = checks ?? (kind == nil ? base.checks : nil)
        whole.require = require ?? base.require
        return whole
    }

    var resolved: HealthCheck {
        let defaults = HealthCheck()
        var check = HealthCheck(
            kind: resolvedKind, address: address, port: port, interval: interval ?? defaults.interval, fastInterval: fastInterval,
            downInterval: downInterval, timeout: timeout, rise: rise ?? defaults.rise, fall: fall ?? defaults.fall,
            way: transport.way(of: typeName))
        check.agent = agent
        return check
    }

    /// What each of several checks takes over.
    private var common: HealthSettings {
        HealthSettings(
            address: address, port: port, interval: interval, fastInterval: fastInterval, downInterval: downInterval, timeout: timeout,
            rise: rise, fall: fall, transport: transport)
    }

    private var resolvedKind: HealthCheck.Kind {
        if let checks { return .group(CheckGroup(checks: checks.map { $0.over(common).resolved }, require: require ?? .all)) }
        if kind == "none" { return .none }
        return talk.kind(typeName) ?? transport.kind(typeName) ?? .tcp
    }
}

/// Reads a `health` mapping.
enum HealthDecoder {
    static func settings(_ reader: NodeReader, over base: HealthSettings? = nil) -> HealthSettings? {
        guard let fields = reader.fields("a mapping such as { type: http, path: /healthz }") else { return nil }
        var own = HealthSettings()
        readProbe(&own, fields)
        own.policy = PolicySettings(fields)
        own.checks = fields["checks"].flatMap(CheckDecoder.checks)
        own.require = fields["require"].flatMap(CheckDecoder.requirement)
        own.agent = fields["agent"].flatMap(CheckDecoder.agent)
        let type = (base.map(own.over) ?? own).typeName
        readSayings(&own, type, fields)
        let all = base.map(own.over) ?? own
        check(all, type, fields)
        CheckDecoder.check(own, all, fields)
        return all
    }

    /// One of several checks.
    static func check(_ reader: NodeReader) -> HealthSettings? {
        guard let fields = reader.fields("a mapping such as { type: tcp, port: 8080 }") else { return nil }
        var own = HealthSettings()
        readProbe(&own, fields)
        readSayings(&own, own.typeName, fields)
        check(own, own.typeName, fields)
        if own.kind == "none" { fields["type"]?.fault(.doesNotApply, "a check of type none says nothing", hint: "leave it out") }
        return own
    }

    private static func readProbe(_ settings: inout HealthSettings, _ fields: Fields) {
        settings.kind = fields["type"]?.word { $0 }
        settings.address = fields["address"]?.address(for: .probe)
        settings.port = fields["port"]?.integer(in: 1...65535).map(UInt16.init)
        settings.interval = fields["interval"]?.duration()
        settings.fastInterval = fields["fastInterval"]?.duration()
        settings.downInterval = fields["downInterval"]?.duration()
        settings.timeout = fields["timeout"]?.duration()
        settings.rise = fields["rise"]?.integer()
        settings.fall = fields["fall"]?.integer()
    }

    /// What is said to the target, and how it gets there.
    private static func readSayings(_ settings: inout HealthSettings, _ type: String, _ fields: Fields) {
        settings.talk = TalkDecoder.settings(fields, type: type)
        settings.transport = TransportDecoder.settings(fields)
    }

    private static func check(_ all: HealthSettings, _ type: String, _ fields: Fields) {
        checkKeys(of: type, fields)
        TransportDecoder.check(type, all.transport, fields)
        if ["http", "https"].contains(type) { TalkDecoder.check(all.talk, fields) }
    }

    /// A key without effect is a misunderstanding, so it is refused.
    private static func checkKeys(of kind: String, _ fields: Fields) {
        for (name, types) in HealthScope.types where !types.contains(kind) {
            guard let reader = fields[name] else { continue }
            let isGeneral = types.contains(HealthScope.several) || kind == HealthScope.several
            reader.fault(
                .doesNotApply,
                "\(name.quoted) does not apply to \(kind == HealthScope.several ? "several checks" : "checks of type \(kind)")",
                hint: isGeneral ? "leave it out" : "add type: \(types.alternatives), or leave it out")
        }
    }
}
