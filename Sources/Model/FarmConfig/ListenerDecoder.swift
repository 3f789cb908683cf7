import FarmModel
import NetTypes

/// Reads the entries of `listen`, long or short.
enum ListenerDecoder {
    static func listeners(_ reader: NodeReader) -> Complete<Placed<Listener>>? {
        guard let entries = reader.entries(atMost: FarmLimits.listenersPerFarm) else { return nil }
        let listeners = entries.compactMap { entry in entry.placed(listener(entry)) }
        return Complete(entries: listeners, isWhole: listeners.count == entries.count)
    }

    private static func listener(_ entry: NodeReader) -> Listener? {
        if entry.node.scalar != nil { return shortForm(entry) }
        guard !entry.isUnquotedEndpoint() else { return nil }
        guard let fields = entry.fields(ValueType.shortOrSection(.listener).summary) else { return nil }
        let address = fields.required("address")?.address(for: .listener)
        let transport = fields["protocol"].map { $0.word(TransportProtocol.init) } ?? .tcp
        if transport == .all {
            fields["ports"]?.fault(.doesNotApply, "protocol all is every protocol of the address, and has no ports", hint: "leave them out")
            return address.map { Listener(address: $0, transport: .all, ports: []) }
        }
        let ports = fields.required("ports")?.ports()
        guard let address, let transport, let ports else { return nil }
        return Listener(address: address, transport: transport, ports: ports)
    }

    /// `203.0.113.10:80,443/tcp`, `[2001:db8::1]:80`
    private static func shortForm(_ entry: NodeReader) -> Listener? {
        guard let text = entry.shortText(.listener) else { return nil }
        let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        guard let transport = parts.count == 2 ? transport(parts[1], entry) : .tcp else { return nil }
        guard let (host, portText) = entry.hostAndPort(parts[0]), let address = entry.address(host, for: .listener) else { return nil }
        if transport == .all {
            guard portText == nil else {
                entry.fault(.doesNotApply, "protocol all has no ports", hint: "such as \"\(address.bracketed)/all\"")
                return nil
            }
            return Listener(address: address, transport: .all, ports: [])
        }
        guard let portText else {
            entry.fault(.badPort, "\(text.quoted) names no port", hint: "such as \(ShortForm.listener.example.quoted)")
            return nil
        }
        return ports(portText, entry).map { Listener(address: address, transport: transport, ports: $0) }
    }

    private static func transport(_ text: Substring, _ entry: NodeReader) -> TransportProtocol? {
        if let transport = TransportProtocol.listened.first(where: { $0.description == text }) { return transport }
        let known = TransportProtocol.listened.map(\.description).alternatives
        entry.fault(.unknownWord, "unknown protocol \(String(text).quoted)", hint: known)
        return nil
    }

    private static func ports(_ text: Substring, _ entry: NodeReader) -> [PortRange]? {
        let pieces = text.split(separator: ",", maxSplits: FarmLimits.portsPerListener, omittingEmptySubsequences: false)
        var ranges: [PortRange] = []
        for piece in pieces {
            guard let range = entry.portRange(piece) else { return nil }
            if let other = ranges.first(where: range.overlaps) {
                entry.fault(.listenerTwice, "ports \(range) overlap with \(other)", hint: "leave one out")
                return nil
            }
            ranges.append(range)
        }
        return ranges.sorted()
    }
}

extension NodeReader {
    /// The text of a short form; `22:22` is none, nor is the 443 that an unquoted comma cuts off in `[203.0.113.10:80,443]`.
    func shortText(_ form: ShortForm) -> String? {
        let expected = "such as \(form.example.quoted)"
        guard let scalar = scalar(expected) else { return nil }
        guard let trap = scalar.trap else { return scalar.text }
        fault(
            .yamlTrap, "\(scalar.text.shown) is \(trap) to YAML; an entry of \(key.name.quoted) is \(expected)",
            hint: "an entry with a comma stands in quotes")
        return nil
    }

    /// In a list, YAML takes `[fd00::1]:80` for a mapping whose key is a list. True if so, with a fault in the log.
    func isUnquotedEndpoint() -> Bool {
        guard let pair = node.mapping?.first, let parts = pair.key.list, let port = pair.value.scalar?.text else { return false }
        let text = "[" + parts.compactMap { $0.scalar?.text }.joined(separator: ", ") + "]:" + port
        fault(.yamlTrap, "\(text.quoted) without quotes is a mapping to YAML", hint: "put it in quotes: \(text.quoted)")
        return true
    }

    /// Splits `10.0.1.11:8080`, `10.0.1.11`, `[fd00::1]:80` or `[fd00::1]`.
    func hostAndPort(_ text: Substring) -> (host: Substring, port: Substring?)? {
        if text.hasPrefix("[") {
            guard let close = text.firstIndex(of: "]") else { return malformed(text, "a bracket is not closed") }
            let host = text[text.index(after: text.startIndex)..<close]
            let rest = text[text.index(after: close)...]
            guard host.contains(":") else { return malformed(text, "only an IPv6 address stands in brackets") }
            if rest.isEmpty { return (host, nil) }
            return rest.hasPrefix(":") ? (host, rest.dropFirst()) : malformed(text, "a colon is expected after the bracket")
        }
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count <= 2 else { return malformed(text, "an IPv6 address stands in brackets here: \"[2001:db8::1]:80\"") }
        return (parts[0], parts.count == 2 ? parts[1] : nil)
    }

    private func malformed(_ text: Substring, _ hint: String) -> (host: Substring, port: Substring?)? {
        fault(.badAddress, "\(String(text).quoted) is no address and port", hint: hint)
        return nil
    }
}
