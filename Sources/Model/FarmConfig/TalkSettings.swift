import FarmModel

/// The keys of a `health` mapping that say what a probe talks about, as far as they were written.
struct TalkSettings {
    var method, path, host, expectBody: String?
    var expectPattern: BytePattern?
    var headers: [HTTPHeader]?
    var degradedHeader: HTTPHeader?
    var expectStatus: [ClosedRange<Int>]?
    var send, expect: [UInt8]?
    var login: Login?
    var service: String?

    func over(_ base: TalkSettings) -> TalkSettings {
        var whole = TalkSettings(
            method: method ?? base.method, path: path ?? base.path, host: host ?? base.host, expectBody: expectBody ?? base.expectBody,
            expectPattern: expectPattern ?? base.expectPattern, headers: headers ?? base.headers)
        whole.degradedHeader = degradedHeader ?? base.degradedHeader
        whole.expectStatus = expectStatus ?? base.expectStatus
        (whole.send, whole.expect) = (send ?? base.send, expect ?? base.expect)
        (whole.login, whole.service) = (login ?? base.login, service ?? base.service)
        return whole
    }

    /// Nil for a type that has nothing to do with these keys.
    func kind(_ type: String) -> HealthCheck.Kind? {
        switch type {
        case "tcp": send == nil && expect == nil ? .tcp : .talk(SendExpect(send: send ?? [], expect: expect ?? []))
        case "udp": .udp(SendExpect(send: send ?? [], expect: expect ?? []))
        case "http", "https": .http(http)
        case "redis": .redis(login ?? Login())
        case "postgres": .postgres(login ?? Login())
        case "mysql": .mysql(login ?? Login())
        case "smtp": .smtp(SMTPCheck(host: host))
        case "grpc": .grpc(GRPCCheck(service: service ?? "", host: host))
        default: nil
        }
    }

    private var http: HTTPCheck {
        let defaults = HTTPCheck()
        return HTTPCheck(
            method: method ?? defaults.method, path: path ?? defaults.path, host: host, headers: headers ?? [],
            expectStatus: expectStatus ?? defaults.expectStatus, expectBody: expectBody, expectPattern: expectPattern,
            degradedHeader: degradedHeader)
    }
}

/// Reads them.
enum TalkDecoder {
    static let mostHeaders = 16

    static func settings(_ fields: Fields, type: String) -> TalkSettings {
        var settings = TalkSettings()
        settings.method = fields["method"]?.text()
        settings.path = fields["path"]?.text()
        settings.host = fields["host"]?.text()
        settings.expectBody = fields["expectBody"]?.text()
        settings.expectPattern = fields["expectPattern"]?.pattern()
        settings.headers = fields["headers"]?.headers()
        settings.degradedHeader = fields["degradedHeader"]?.text().flatMap(HTTPHeader.init)
        settings.expectStatus = fields["expectStatus"]?.statusCodes()
        settings.send = fields["send"]?.text().map(PayloadText.bytes)
        settings.expect = fields["expect"]?.text().map(PayloadText.bytes)
        settings.login = fields["login"]?.login(for: type)
        settings.service = fields["service"]?.text()
        return settings
    }

    /// Questions whose answer cannot be what is expected.
    static func check(_ all: TalkSettings, _ fields: Fields) {
        guard all.method == "HEAD", all.expectBody != nil || all.expectPattern != nil else { return }
        (fields["expectBody"] ?? fields["expectPattern"] ?? fields["method"])?.fault(
            .doesNotApply, "answers to HEAD have no body (RFC 9110 § 9.3.2)", hint: "use method GET, or expect nothing of the body")
    }
}

extension NodeReader {
    /// Who a database is asked as.
    fileprivate func login(for type: String) -> Login? {
        guard let fields = fields("a mapping such as { user: probe }") else { return nil }
        let login = Login(user: fields["user"]?.text(), password: fields["password"]?.text(), database: fields["database"]?.text())
        guard let known = Self.loginKeys[type] else { return login }
        for name in ["user", "password", "database"] where !known.contains(name) {
            fields[name]?.fault(
                .doesNotApply, "\(name.quoted) does not apply to checks of type \(type)", hint: "it takes \(known.alternatives)")
        }
        if type == "redis", login.user != nil { _ = fields.required("password") }
        return login
    }

    private static let loginKeys = ["redis": ["user", "password"], "postgres": ["user", "database"], "mysql": ["user"]]

    fileprivate func pattern() -> BytePattern? {
        guard let text = text() else { return nil }
        do throws(PatternFault) { return try BytePattern(text) } catch {
            fault(.badPattern, "\(text.quoted) is no pattern: \(error)", hint: "in YAML, 'single quotes' leave backslashes as they are")
            return nil
        }
    }

    fileprivate func headers() -> [HTTPHeader]? {
        guard let entries = entries(atMost: TalkDecoder.mostHeaders) else { return nil }
        let element = FarmKey(key.path, .text(.header), key.meaning)
        let headers = entries.compactMap { entry in
            NodeReader(node: entry.node, key: element, log: log).text().flatMap(HTTPHeader.init)
        }
        return headers.count == entries.count ? headers : nil
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
