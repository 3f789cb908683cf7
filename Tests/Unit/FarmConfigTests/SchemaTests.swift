import FarmConfig
import FarmModel
import Testing
import Yams

/// The table, the JSON Schema, the documentation and the decoder say the same.
@Suite struct SchemaTests {
    @Test func theSchemaFileIsWhatTheTableSays() throws {
        #expect(
            try Repository.text("docs/schema/farm.schema.json") == FarmSchema.jsonSchema(),
            "Scripts write it anew from FarmSchema.jsonSchema()")
    }

    @Test func everyKeyIsInTheSchemaAndTheOtherWayRound() throws {
        let root = try #require(try compose(yaml: FarmSchema.jsonSchema(), .basic))
        var paths: Set<String> = ["farm"]
        collect(root, "farm", &paths)
        #expect(paths == Set(FarmSchema.keys.map(\.path)))
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

    @Test func everyUnsupportedKeyIsRefusedAtItsPlace() {
        for key in FarmSchema.keys where !key.isSupported {
            let text =
                switch key.path.split(separator: ".").dropLast().joined(separator: ".") {
                case "farm": minimal("▲\(key.name): 1")
                case "farm.health": minimal("health: { ▲\(key.name): 1 }")
                case "farm.backends": minimal("", backends: "[{ address: 10.0.0.1, ▲\(key.name): 1 }]")
                default: minimal("", backends: "[{ address: 10.0.0.1, health: { ▲\(key.name): 1 } }]")
                }
            expectFaults(text, .notSupportedYet)
        }
    }

    /// Words and bounds of the schema are those of the decoder, tried at the edge and one beyond it.
    @Test func wordsAndBoundsAgree() throws {
        let root = try #require(try compose(yaml: FarmSchema.jsonSchema(), .basic))
        for (name, rule) in try #require(root["properties"]?.mapping) { check(name.string ?? "", rule) { minimal($0) } }
        let health = try #require(root["properties"]?["health"]?["properties"]?.mapping)
        for (name, rule) in health { check(name.string ?? "", rule) { minimal("health: { \($0) }") } }
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
        let plain = try farm(minimal(""))
        for path in [
            "farm.mode", "farm.scheduler", "farm.hash", "farm.tableSize", "farm.quorum", "farm.noBackend", "farm.helper", "farm.state",
        ] {
            let key = try #require(FarmSchema.keys.first { $0.path == path })
            #expect(try farm(minimal("\(key.name): \(try #require(key.defaultText))")) == plain, "\(path)")
        }
        for key in FarmSchema.keys
        where ["type", "interval", "rise", "fall", "via", "onDown"].contains(key.name) && key.path.hasPrefix("farm.health.") {
            #expect(try farm(minimal("health: { \(key.name): \(try #require(key.defaultText)) }")) == plain, "\(key.path)")
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
