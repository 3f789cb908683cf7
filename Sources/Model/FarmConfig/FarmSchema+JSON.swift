extension FarmSchema {
    /// The table as a JSON Schema (draft 2020-12) for editors; docs/schema/farm.schema.json is this text.
    public static func jsonSchema() -> String { jsonSchema(of: farm) }

    static func jsonSchema(of table: FarmKey) -> String {
        var root = section(table)
        root.insert(("$schema", .text("https://json-schema.org/draft/2020-12/schema")), at: 0)
        root.insert(("title", .text("zvnft farm")), at: 1)
        return JSONText.object(root).written(indent: 0) + "\n"
    }

    private static func section(_ key: FarmKey) -> [(String, JSONText)] {
        let required = key.keys.filter(\.isRequired).map { JSONText.text($0.name) }
        return [
            ("description", .text(key.meaning)), ("type", .text("object")), ("additionalProperties", .bool(false)),
            ("properties", .object(key.keys.map { ($0.name, value($0)) })),
        ] + (required.isEmpty ? [] : [("required", .array(required))])
    }

    private static func value(_ key: FarmKey) -> JSONText {
        if case .section = key.type { return .object(section(key)) }
        let note = key.isSupported ? key.meaning : "Not supported yet. \(key.meaning)"
        let remark = key.defaultText.map { "\(note) Default: \($0)." } ?? note
        return .object([("description", .text(remark))] + rule(key.type, of: key))
    }

    private static func rule(_ type: ValueType, of key: FarmKey) -> [(String, JSONText)] {
        switch type {
        case .text(let form):
            [("type", .text("string")), ("minLength", .number(1)), ("maxLength", .number(form.maximumLength))]
                + (form.pattern.map { [("pattern", .text($0))] } ?? [])
        case .choice(let choices): [("enum", .array(choices.filter(\.isSupported).map { .text($0.word) }))]
        case .integer(let range): number(range)
        case .percent(let range): anyOf([number(range), pattern("^[0-9]+%$")])
        case .duration: pattern("^[1-9][0-9]*(ms|s|m|h)$")
        case .seconds: pattern("^[1-9][0-9]*(s|m|h)$")
        case .rate: pattern(RateText.pattern)
        case .switchOrRate: anyOf([[("enum", .array([.text("on"), .text("off")]))], pattern(RateText.pattern)])
        case .boolean: [("type", .text("boolean"))]
        case .mark: anyOf([number(1...Int(UInt32.max)), pattern("^0x[0-9A-Fa-f]{1,8}$")])
        case .network: pattern("^[0-9A-Fa-f:.]+(/[0-9]{1,3})?$")
        case .address: pattern("^[0-9A-Fa-f:.]+$")
        case .port: number(1...65535)
        case .portOrRange: anyOf([number(1...65535), pattern("^[0-9]+(-[0-9]+)?$")])
        case .ports: oneOrList([number(1...65535), pattern("^[0-9]+(-[0-9]+)?$")], atMost: FarmLimits.portsPerListener)
        case .size(let sizes): [("enum", .array([.text("auto")] + sizes.map { .number($0) }))]
        case .statusCodes: oneOrList([number(100...599), pattern("^[1-5][0-9][0-9](-[1-5][0-9][0-9])?$")], atMost: 64)
        case .list(let element, let limit): list(rule(element, of: key), atMost: limit)
        case .oneOrList(let element, let limit): oneOrList([rule(element, of: key)], atMost: limit)
        case .shortOrSection(let form): anyOf([pattern(form.pattern), section(key)])
        case .requirement(let most): anyOf([[("enum", .array([.text("all"), .text("any")]))], number(1...most)])
        case .section: section(key)
        case .notYet: [("not", .object([]))]
        }
    }

    private static func number(_ range: ClosedRange<Int>) -> [(String, JSONText)] {
        [("type", .text("integer")), ("minimum", .number(range.lowerBound)), ("maximum", .number(range.upperBound))]
    }

    private static func pattern(_ pattern: String) -> [(String, JSONText)] { [("type", .text("string")), ("pattern", .text(pattern))] }

    private static func anyOf(_ rules: [[(String, JSONText)]]) -> [(String, JSONText)] { [("anyOf", .array(rules.map { .object($0) }))] }

    private static func list(_ rule: [(String, JSONText)], atMost limit: Int) -> [(String, JSONText)] {
        [("type", .text("array")), ("minItems", .number(1)), ("maxItems", .number(limit)), ("items", .object(rule))]
    }

    private static func oneOrList(_ rules: [[(String, JSONText)]], atMost limit: Int) -> [(String, JSONText)] {
        anyOf(rules + [list(rules.count == 1 ? rules[0] : anyOf(rules), atMost: limit)])
    }
}

/// JSON with its keys in the order in which they were given.
private enum JSONText {
    case text(String)
    case number(Int)
    case bool(Bool)
    case array([JSONText])
    case object([(String, JSONText)])

    func written(indent: Int) -> String {
        switch self {
        case .text(let text): Self.quoted(text)
        case .number(let number): String(number)
        case .bool(let value): String(value)
        case .array(let values): "[" + values.map { $0.written(indent: indent) }.joined(separator: ", ") + "]"
        case .object(let pairs):
            pairs.isEmpty
                ? "{}" : "{\n" + pairs.map { line($0.0, $0.1, indent + 2) }.joined(separator: ",\n") + "\n" + Self.blank(indent) + "}"
        }
    }

    private func line(_ key: String, _ value: JSONText, _ indent: Int) -> String {
        Self.blank(indent) + Self.quoted(key) + ": " + value.written(indent: indent)
    }

    private static func blank(_ count: Int) -> String { String(repeating: " ", count: count) }

    private static func quoted(_ text: String) -> String {
        "\"" + text.map { $0 == "\"" || $0 == "\\" ? "\\\($0)" : $0 == "\n" ? "\\n" : String($0) }.joined() + "\""
    }
}
