import FarmModel
import NetTypes

/// The keys of a `health` mapping that were written; the rest comes from the farm's mapping or the defaults.
struct HealthSettings {
    var kind: String?
    var address: IPAddress?
    var port: UInt16?
    var interval, fastInterval, downInterval, timeout: Duration?
    var rise, fall: Int?
    var method, path, host, expectBody: String?
    var expectStatus: [ClosedRange<Int>]?
    var policy = PolicySettings()

    /// Whether somebody thought of what is probed where.
    var isChosen: Bool { kind != nil || port != nil }

    /// The farm's settings beneath a backend's.
    func over(_ base: HealthSettings) -> HealthSettings {
        HealthSettings(
            kind: kind ?? base.kind, address: address ?? base.address, port: port ?? base.port, interval: interval ?? base.interval,
            fastInterval: fastInterval ?? base.fastInterval, downInterval: downInterval ?? base.downInterval,
            timeout: timeout ?? base.timeout, rise: rise ?? base.rise, fall: fall ?? base.fall, method: method ?? base.method,
            path: path ?? base.path, host: host ?? base.host, expectBody: expectBody ?? base.expectBody,
            expectStatus: expectStatus ?? base.expectStatus, policy: policy.over(base.policy))
    }

    var resolved: HealthCheck {
        let defaults = HealthCheck()
        return HealthCheck(
            kind: resolvedKind, address: address, port: port, interval: interval ?? defaults.interval, fastInterval: fastInterval,
            downInterval: downInterval, timeout: timeout, rise: rise ?? defaults.rise, fall: fall ?? defaults.fall)
    }

    private var resolvedKind: HealthCheck.Kind {
        switch kind {
        case "none": return .none
        case "http":
            let defaults = HTTPCheck()
            return .http(
                HTTPCheck(
                    method: method ?? defaults.method, path: path ?? defaults.path, host: host,
                    expectStatus: expectStatus ?? defaults.expectStatus, expectBody: expectBody))
        default: return .tcp
        }
    }
}

/// Reads a `health` mapping.
enum HealthDecoder {
    private static let httpKeys = ["method", "path", "host", "expectStatus", "expectBody"]
    private static let probeKeys =
        [
            "port", "address", "via", "interval", "fastInterval", "downInterval", "timeout", "rise", "fall",
        ] + PolicySettings.ofVerdicts

    static func settings(_ reader: NodeReader, over base: HealthSettings? = nil) -> HealthSettings? {
        guard let fields = reader.fields("a mapping such as { type: http, path: /healthz }") else { return nil }
        var own = HealthSettings()
        readProbe(&own, fields)
        readHTTP(&own, fields)
        own.policy = PolicySettings(fields)
        let all = base.map(own.over) ?? own
        checkKeys(of: all.kind ?? "tcp", fields)
        if all.kind == "http", all.method == "HEAD", all.expectBody != nil {
            (fields["expectBody"] ?? fields["method"])?.fault(
                .doesNotApply, "answers to HEAD have no body (RFC 9110 § 9.3.2)", hint: "use method GET, or leave expectBody out")
        }
        return all
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
        _ = fields["via"]?.word { $0 }
    }

    private static func readHTTP(_ settings: inout HealthSettings, _ fields: Fields) {
        settings.method = fields["method"]?.text()
        settings.path = fields["path"]?.text()
        settings.host = fields["host"]?.text()
        settings.expectBody = fields["expectBody"]?.text()
        settings.expectStatus = fields["expectStatus"]?.statusCodes()
    }

    /// A key without effect is a misunderstanding, so it is refused.
    private static func checkKeys(of kind: String, _ fields: Fields) {
        let idle = kind == "http" ? [] : kind == "none" ? httpKeys + probeKeys : httpKeys
        for reader in idle.compactMap({ fields[$0] }) {
            let remedy = httpKeys.contains(reader.key.name) ? "add type: http, or leave it out" : "leave it out"
            reader.fault(.doesNotApply, "\(reader.key.name.quoted) does not apply to checks of type \(kind)", hint: remedy)
        }
    }
}

extension NodeReader {
    /// Inclusive ranges of codes, sorted: 200, "200-399" or a list of those.
    fileprivate func statusCodes() -> [ClosedRange<Int>]? {
        guard node.list != nil else { return statusRange().map { [$0] } }
        guard let entries = entries(atMost: 64) else { return nil }
        let ranges = entries.compactMap { $0.statusRange() }
        return ranges.count == entries.count ? ranges.sorted { ($0.lowerBound, $0.upperBound) < ($1.lowerBound, $1.upperBound) } : nil
    }

    private func statusRange() -> ClosedRange<Int>? {
        guard let scalar = scalar(key.type.summary) else { return nil }
        let bounds = scalar.text.split(separator: "-", omittingEmptySubsequences: false).map { DecimalText.integer($0) ?? 0 }
        guard let first = bounds.first, let last = bounds.last, bounds.count <= 2, first <= last, first >= 100, last <= 599 else {
            fault(.badNumber, "\(scalar.text.quoted) is no status code and no range of them", hint: "100 to 599, such as 204 or 200-399")
            return nil
        }
        return first...last
    }
}
