import Testing
import Yams

@testable import FarmConfig

/// The samples against the JSON Schema, with as much of its language as ours uses.
@Suite struct SchemaValidationTests {
    @Test func everySampleFitsTheSchema() throws {
        let schema = try #require(try compose(yaml: FarmSchema.jsonSchema(), .basic))
        for sample in try Repository.samples() {
            for document in try documents(of: String(decoding: sample.text, as: UTF8.self)) {
                #expect(try fits(document, schema), "\(sample.path)")
            }
        }
    }

    @Test func farmsWithEveryKeyFitTheWholeSchema() throws {
        let schema = try #require(try compose(yaml: FarmSchema.jsonSchema(of: FarmSchema.complete), .basic))
        for file in FullFarm.files {
            #expect(FarmConfig.load([file], schema: FarmSchema.complete).faults == [])
            for document in try documents(of: String(decoding: file.text, as: UTF8.self)) {
                #expect(try fits(document, schema), "\(file.path)")
            }
        }
    }

    @Test(arguments: [
        "farm: web", "farm: a b\nlisten: [203.0.113.1:80]\nbackends: [10.0.0.1]", "farm: web\nlisten: []\nbackends: [10.0.0.1]",
        "farm: web\nlisten: [203.0.113.1:80]\nbackends: [10.0.0.1]\nsheduler: maglev",
        "farm: web\nlisten: [203.0.113.1:80]\nbackends: [10.0.0.1]\nmark: 0",
        "farm: web\nlisten: [203.0.113.1:80]\nbackends: [10.0.0.1]\nmark: 0x123456789",
        "farm: web\nlisten: [203.0.113.1:80]\nbackends: [10.0.0.1]\nlimits: { newConnections: 20/x }",
        "farm: web\nlisten: [203.0.113.1:80]\nbackends: [10.0.0.1]\nlimits: { newConnections: { burst: 5 } }",
        "farm: web\nlisten: [203.0.113.1:80]\nbackends: [10.0.0.1]\nlimits: { tcpStrict: yes, synProxy: 1 }",
        "farm: web\nlisten: [203.0.113.1:80]\nbackends: [10.0.0.1]\nlimits: { resetsPerSource: 5/s, banTime: 100ms }",
        "farm: web\nlisten: [203.0.113.1:80]\nbackends: [10.0.0.1]\nlog: { prefix: \"a$b\" }",
        "farm: web\nlisten: [203.0.113.1:80]\nbackends: [10.0.0.1]\nlog: { connections: often }",
        "farm: web\nlisten: [203.0.113.1:80]\nbackends: [10.0.0.1]\npolicies: [{ name: a, action: drop, sources: [x] }]",
        "farm: web\nlisten: [203.0.113.1:80]\nbackends: [{ address: 10.0.0.1, weight: 1001 }]",
        "farm: web\nlisten: [203.0.113.1:80]\nbackends: [10.0.0.1]\nhealth: { type: agent }",
    ])
    func whatTheDecoderRefusesTheSchemaRefuses(text: String) throws {
        let schema = try #require(try compose(yaml: FarmSchema.jsonSchema(of: FarmSchema.complete), .basic))
        #expect(!load(text).faults.isEmpty)
        #expect(try !fits(try #require(try documents(of: text).first), schema))
    }

    private func fits(_ node: Node, _ rule: Node) throws -> Bool {
        if rule["not"] != nil { return false }
        if let rules = rule["anyOf"]?.sequence { return try rules.contains { try fits(node, $0) } }
        if let constant = rule["const"]?.string { return node.scalar?.style == .plain && node.scalar?.string == constant }
        if let words = rule["enum"]?.sequence { return words.contains { $0.string == node.scalar?.string } }
        switch rule["type"]?.string {
        case "object": return try fitsObject(node, rule)
        case "array": return try fitsArray(node, rule)
        case "boolean": return node.scalar?.style == .plain && ["true", "false"].contains(node.string)
        case "integer": return fitsInteger(node, rule)
        case "string": return try fitsText(node, rule)
        default: return true
        }
    }

    private func fitsObject(_ node: Node, _ rule: Node) throws -> Bool {
        guard let pairs = node.mapping, let properties = rule["properties"]?.mapping else { return false }
        let names = pairs.compactMap { $0.key.string }
        guard (rule["required"]?.sequence ?? []).allSatisfy({ names.contains($0.string ?? "") }) else { return false }
        return try pairs.allSatisfy { pair in try properties[pair.key.string ?? ""].map { try fits(pair.value, $0) } ?? false }
    }

    private func fitsArray(_ node: Node, _ rule: Node) throws -> Bool {
        guard let entries = node.sequence, let items = rule["items"] else { return false }
        guard entries.count >= rule["minItems"]?.int ?? 0, entries.count <= rule["maxItems"]?.int ?? Int.max else { return false }
        return try entries.allSatisfy { try fits($0, items) }
    }

    private func fitsInteger(_ node: Node, _ rule: Node) -> Bool {
        guard let scalar = node.scalar, scalar.style == .plain, let number = Int(scalar.string) else { return false }
        return number >= rule["minimum"]?.int ?? Int.min && number <= rule["maximum"]?.int ?? Int.max
    }

    private func fitsText(_ node: Node, _ rule: Node) throws -> Bool {
        guard let text = node.scalar?.string, text.count <= rule["maxLength"]?.int ?? Int.max else { return false }
        return try rule["pattern"]?.string.map { try text.firstMatch(of: Regex($0)) != nil } ?? true
    }
}
