import FarmModel
import NetTypes

/// Reads the keys of `TransportSettings`.
enum TransportDecoder {
    static let mostArguments = 64

    static func settings(_ fields: Fields) -> TransportSettings {
        var settings = TransportSettings()
        settings.source = fields["source"]?.address(for: .source)
        settings.interface = fields["interface"]?.text()
        settings.jitter = fields["jitter"]?.text().flatMap { DecimalText.integer($0.dropLast()) }
        _ = fields["spread"]?.word { $0 }
        settings.reuse = fields["reuse"]?.boolean()
        settings.via = fields["via"]?.word(ProbeVia.init(rawValue:))
        readTLS(&settings, fields)
        settings.dns = dns(fields)
        settings.exec = exec(fields)
        return settings
    }

    private static func readTLS(_ settings: inout TransportSettings, _ fields: Fields) {
        guard let tls = fields["tls"]?.fields("a mapping such as { serverName: www.example }") else { return }
        settings.verify = tls["verify"]?.boolean()
        settings.serverName = tls["serverName"]?.text()
        settings.ca = tls["ca"]?.text()
        settings.daysLeft = tls["daysLeft"]?.integer()
    }

    private static func dns(_ fields: Fields) -> DNSSettings {
        DNSSettings(
            query: fields["query"]?.text().map { $0 == "." ? $0 : $0.lowercased().trimmingDot },
            type: fields["queryType"]?.word(DNSCheck.RecordType.init(name:)),
            rcode: fields["expectRcode"]?.word(DNSCheck.ResponseCode.init(name:)), answer: fields["expectAnswer"]?.text(),
            isOverTCP: fields["protocol"]?.word { $0 == "tcp" })
    }

    private static func exec(_ fields: Fields) -> ExecSettings {
        ExecSettings(
            command: fields["command"]?.command(), user: fields["user"]?.text(),
            convention: fields["convention"]?.word(ExecCheck.Convention.init(rawValue:)), maxParallel: fields["maxParallel"]?.integer())
    }

    /// What a type cannot do without, and what it may not do here.
    static func check(_ type: String, _ all: TransportSettings, _ fields: Fields) {
        if type == "dns", all.dns.query == nil, fields["query"] == nil { _ = fields.required("query") }
        if let answer = fields["expectAnswer"], let rcode = all.dns.rcode, rcode != .noError {
            answer.fault(.doesNotApply, "an answer of \(rcode.name) holds no records", hint: "leave expectAnswer or expectRcode out")
        }
        guard type == "exec" else { return }
        if all.exec.command == nil, fields["command"] == nil { _ = fields.required("command") }
        guard !fields.owner.log.allowsPrograms else { return }
        (fields["type"] ?? fields["command"] ?? fields.owner).fault(
            .notAllowed, "checks of type exec are off", hint: "write \"execProbes: true\" in the daemon's settings (zvnftd.yaml)")
    }
}

extension String {
    fileprivate var trimmingDot: String { hasSuffix(".") ? String(dropLast()) : self }
}

extension NodeReader {
    /// A list of words, or a text of words with blanks between them: there is no shell, and nothing else is special.
    fileprivate func command() -> [String]? {
        let form = FarmKey(key.path, .text(.argument), key.meaning)
        func word(_ node: SourceNode) -> String? { NodeReader(node: node, key: form, log: log).text() }
        let words: [String]
        if node.list == nil {
            guard let text = word(node) else { return nil }
            words = text.split(separator: " ").map(String.init)
        } else {
            guard let entries = entries(atMost: TransportDecoder.mostArguments) else { return nil }
            words = entries.compactMap { word($0.node) }
            guard words.count == entries.count else { return nil }
        }
        guard words.first?.hasPrefix("/") == true else {
            fault(.badText, "\((words.first ?? "").quoted) is not the path of a program", hint: "an absolute path, then its arguments")
            return nil
        }
        return words
    }
}
