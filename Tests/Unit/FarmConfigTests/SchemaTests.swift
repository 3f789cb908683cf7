import FarmModel
import FoundationEssentials
import Testing
import Yams

@testable import FarmConfig

private let tables = [FarmSchema.farm, FarmSchema.complete]

/// The table, the JSON Schema, the documentation and the decoder say the same.
@Suite struct SchemaTests {
    @Test func theSchemaFileIsWhatTheTableSays() throws {
        #expect(
            try Repository.text("docs/schema/farm.schema.json") == FarmSchema.jsonSchema(),
            "ZVNFT_SCHEMA=rewrite swift test --filter SchemaTests writes it anew")
    }

    @Test(.enabled(if: ProcessInfo.processInfo.environment["ZVNFT_SCHEMA"] == "rewrite", "only on demand"))
    func theSchemaFileIsRewritten() throws { try Repository.write(FarmSchema.jsonSchema(), to: "docs/schema/farm.schema.json") }

    @Test(arguments: tables) func everyKeyIsInTheSchemaAndTheOtherWayRound(table: FarmKey) throws {
        let root = try #require(try compose(yaml: FarmSchema.jsonSchema(of: table), .basic))
        var paths: Set<String> = ["farm"]
        collect(root, "farm", &paths)
        #expect(paths == Set(FarmSchema.flattened(table).map(\.path)))
    }

    private func collect(_ node: Node, _ path: String, _ paths: inout Set<String>) {
        for (name, value) in node["properties"]?.mapping ?? [:] {
            let inner = "\(path).\(name.string ?? "")"
            paths.insert(inner)
            collect(value, inner, &paths)
        }
        for rule in node["anyOf"]?.sequence ?? [] { collect(rule, path, &paths) }
        if let items = node["items"] { collect(items, path, &paths) }
    }

    @Test func everyKeyIsExplained() throws {
        for key in FarmSchema.keys {
            let text = try #require(FarmSchema.explain(key.path))
            #expect(text.hasPrefix(key.path + "\n  ") && key.meaning.count > 10)
            #expect(text.contains("Not supported yet.") == !key.isSupported)
        }
        #expect(FarmSchema.explain("farm.nope") == nil)
        #expect(FarmSchema.nearest(to: "farm.shceduler") == "farm.scheduler")
        #expect(Set(FarmSchema.keys.map(\.path)).count == FarmSchema.keys.count)
    }

    /// What a key of a check, or its word, cannot do without.
    private static func beside(_ line: String) -> String {
        switch line.prefix(while: { $0 != ":" }) {
        case "queryType", "expectRcode", "protocol": "type: dns, query: a, "
        case "convention", "maxParallel": "type: exec, command: /bin/true, "
        case "reuse": "type: http, "
        case "type" where line.hasSuffix(" dns"): "query: a, "
        case "type" where line.hasSuffix(" exec"): "command: /bin/true, "
        default: ""
        }
    }

    /// Words and bounds of the schema are those of the decoder, tried at the edge and one beyond it.
    @Test func wordsAndBoundsAgree() throws {
        let root = try #require(try compose(yaml: FarmSchema.jsonSchema(of: FarmSchema.complete), .basic))
        let both = "[203.0.113.10:80, 203.0.113.10:80/udp]"
        for (name, rule) in try #require(root["properties"]?.mapping) { check(name.string ?? "", rule) { minimal($0, listen: both) } }
        for section in ["limits", "hashPrefix"] {
            let rules = try #require(root["properties"]?[section]?["properties"]?.mapping)
            for (name, rule) in rules { check(name.string ?? "", rule) { minimal("\(section): { \($0) }") } }
        }
        let health = try #require(root["properties"]?["health"]?["properties"]?.mapping)
        for (name, rule) in health { check(name.string ?? "", rule) { minimal("health: { \(Self.beside($0))\($0) }") } }
        let backend = try #require(root["properties"]?["backends"]?["items"]?["anyOf"]?[1]?["properties"]?.mapping)
        for (name, rule) in backend { check(name.string ?? "", rule) { minimal("", backends: "[{ address: 10.0.0.1, \($0) }]") } }
    }

    private func check(_ name: String, _ rule: Node, in text: (String) -> String) {
        for word in rule["enum"]?.sequence ?? [] {
            #expect(load(text("\(name): \(word.string ?? "")")).faults.isEmpty, "\(name) takes \(word.string ?? "")")
        }
        if rule["enum"] != nil { #expect(!load(text("\(name): nothing-like-it")).faults.isEmpty) }
        guard let low = rule["minimum"]?.int, let high = rule["maximum"]?.int else { return }
        for (value, isLegal) in [(low, true), (high, true), (low - 1, false), (high + 1, false)] {
            #expect(load(text("\(name): \(value)")).faults.isEmpty == isLegal, "\(name): \(value)")
        }
    }

    @Test func defaultsInTheTableAreThoseOfTheModel() throws {
        let (plain, keys) = (try farm(minimal("")), FarmSchema.flattened(FarmSchema.complete))
        for path in [
            "farm.mode", "farm.scheduler", "farm.hash", "farm.tableSize", "farm.quorum", "farm.noBackend", "farm.helper", "farm.state",
            "farm.limits.tcpStrict", "farm.limits.synProxy", "farm.log.connections", "farm.hashPrefix.ipv4", "farm.hashPrefix.ipv6",
        ] {
            let key = try #require(keys.first { $0.path == path })
            let value = "\(key.name): \(try #require(key.defaultText))"
            let steps = path.split(separator: ".")
            #expect(try farm(minimal(steps.count == 2 ? value : "\(steps[1]): { \(value) }")) == plain, "\(path)")
        }
        for key in keys
        where ["type", "interval", "rise", "fall", "via", "onDown"].contains(key.name) && key.path.hasPrefix("farm.health.") {
            #expect(try farm(minimal("health: { \(key.name): \(try #require(key.defaultText)) }")) == plain, "\(key.path)")
        }
        for key in keys where ["farm.persistence.key", "farm.persistence.timeout"].contains(key.path) {
            let written = try farm(minimal("persistence: { \(key.name): \(try #require(key.defaultText)) }"))
            #expect(try written == farm(minimal("persistence: {}")), "\(key.path)")
        }
        let http = try farm(minimal("health: { type: http }"))
        #expect(try farm(minimal("health: { type: http, method: GET, path: /, expectStatus: 200-399 }")) == http)
    }

    @Test func everyCodeIsDocumented() throws {
        let rows = try Repository.text("docs/errors.md").split(separator: "\n").filter { $0.hasPrefix("| E") }
        #expect(rows.map { String($0.dropFirst(2).prefix(4)) } == FaultCode.allCases.map(\.rawValue))
        #expect(rows.allSatisfy { $0.split(separator: "|").count == 3 })
    }
}
