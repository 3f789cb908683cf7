import FarmModel

/// Reads `checks`, `require` and `agent` of a `health` mapping.
enum CheckDecoder {
    static let mostChecks = 16

    static func checks(_ reader: NodeReader) -> [HealthSettings]? {
        guard let entries = reader.entries(atMost: mostChecks) else { return nil }
        let checks = entries.compactMap(HealthDecoder.check)
        return checks.count == entries.count ? checks : nil
    }

    static func agent(_ reader: NodeReader) -> AgentCheck? {
        guard let fields = reader.fields("a mapping such as { port: 5555 }") else { return nil }
        let port = fields.required("port")?.integer(in: 1...65535).map(UInt16.init)
        let (interval, send) = (fields["interval"]?.duration(), fields["send"]?.text().map(PayloadText.bytes))
        guard let port else { return nil }
        return AgentCheck(port: port, interval: interval ?? .seconds(2), send: send ?? [])
    }

    /// `all`, `any` or a number.
    static func requirement(_ reader: NodeReader) -> CheckRequirement? {
        guard let scalar = reader.scalar(reader.key.type.summary) else { return nil }
        switch scalar.text {
        case "all": return .all
        case "any": return .any
        default: return reader.integer(in: 1...mostChecks).map(CheckRequirement.atLeast)
        }
    }

    /// What does not go together.
    static func check(_ own: HealthSettings, _ all: HealthSettings, _ fields: Fields) {
        if own.checks != nil, let type = fields["type"] {
            type.fault(.doesNotApply, "\"type\" says what is probed, and so does \"checks\"", hint: "leave one of them out")
        }
        guard let require = fields["require"] else { return }
        guard let checks = all.checks else {
            return require.fault(.doesNotApply, "\"require\" counts \"checks\", and there are none", hint: "add checks, or leave it out")
        }
        if case .atLeast(let number) = own.require, number > checks.count {
            require.fault(.badNumber, "\(number) of \(checks.count) checks cannot succeed", hint: "at most \(checks.count)")
        }
    }
}
