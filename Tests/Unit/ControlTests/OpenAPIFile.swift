import ControlAPI
import FoundationEssentials
import Testing
import Yams

/// docs/openapi.yaml as the tests look at it.
struct OpenAPIFile {
    struct Operation: Hashable, CustomStringConvertible {
        let method, path: String
        let query: [String]
        var description: String { "\(method) \(path) \(query)" }
    }

    private let root: Node

    init() throws {
        let text = try String(contentsOfFile: Self.path(), encoding: .utf8)
        root = try #require(try Yams.compose(yaml: text))
    }

    /// Looked for upwards from here, so that the tests run from anywhere.
    private static func path() throws -> String {
        var folder = #filePath[...]
        while let slash = folder.lastIndex(of: "/") {
            folder = folder[..<slash]
            if FileManager.default.fileExists(atPath: folder + "/docs/openapi.yaml") { return folder + "/docs/openapi.yaml" }
        }
        throw CocoaError(.fileNoSuchFile)
    }

    var operations: Set<Operation> {
        var operations: Set<Operation> = []
        for (path, item) in entries(root["paths"]) {
            for (method, operation) in entries(item) where method != "parameters" {
                let query = operation["parameters"]?.sequence?.compactMap { $0["name"]?.string } ?? []
                operations.insert(Operation(method: method.uppercased(), path: path, query: query.sorted()))
            }
        }
        return operations
    }

    var schemaNames: [String] { entries(root["components"]?["schemas"]).map(\.0).sorted() }

    /// What of the value the schema does not describe, or requires in vain.
    func faults(of value: Any, as schema: String) -> [String] {
        faults(of: value, root["components"]?["schemas"]?[schema], at: schema)
    }

    private func faults(of value: Any, _ schema: Node?, at place: String) -> [String] {
        guard let schema else { return ["\(place): no schema"] }
        if let name = schema["$ref"]?.string?.split(separator: "/").last { return faults(of: value, as: String(name)) }
        switch (schema["type"]?.string, value) {
        case ("object", let object as [String: Any]): return faults(ofObject: object, schema, at: place)
        case ("array", let items as [Any]): return items.flatMap { faults(of: $0, schema["items"], at: place + "[]") }
        case ("string", let text as String):
            guard let words = schema["enum"]?.sequence?.compactMap(\.string) else { return [] }
            return words.contains(text) ? [] : ["\(place): \(text) is none of \(words)"]
        case ("integer", is Int), ("boolean", is Bool), ("number", is Double), ("number", is Int): return []
        default: return ["\(place): \(value) is not \(schema["type"]?.string ?? "?")"]
        }
    }

    private func faults(ofObject object: [String: Any], _ schema: Node, at place: String) -> [String] {
        let properties = Dictionary(uniqueKeysWithValues: entries(schema["properties"]))
        let required = schema["required"]?.sequence?.compactMap(\.string) ?? []
        let missing = required.filter { object[$0] == nil }.map { "\(place): \($0) is required and not sent" }
        let unnamed = Set(properties.keys).subtracting(object.keys).map { "\(place): \($0) is described and not sent" }
        let sent = object.flatMap { key, value in faults(of: value, properties[key], at: "\(place).\(key)") }
        return (missing + unnamed + sent).sorted()
    }

    private func entries(_ node: Node?) -> [(String, Node)] {
        node?.mapping?.compactMap { key, value in key.string.map { ($0, value) } } ?? []
    }
}
