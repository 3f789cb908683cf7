import FarmModel
import FoundationEssentials
import Testing

@testable import FarmConfig

/// Loads one text as if it were a file of that name; by all that is decoded, if not by what is built.
func load(_ text: String, path: String = "farms.d/test.yaml", by schema: FarmKey = FarmSchema.complete) -> LoadResult {
    FarmConfig.load([FarmFile(path: path, text: Array(text.utf8))], schema: schema)
}

/// The only farm of a text that has to be free of faults.
func farm(_ text: String, by schema: FarmKey = FarmSchema.complete, sourceLocation: SourceLocation = #_sourceLocation) throws -> Farm {
    let result = load(text, by: schema)
    #expect(result.faults.map(\.description) == [], sourceLocation: sourceLocation)
    return try #require(result.farms.first, sourceLocation: sourceLocation)
}

/// A farm with these lines in place of, or besides, the least that it needs.
func minimal(_ lines: String, listen: String = "[203.0.113.10:80]", backends: String = "[10.0.1.11:80]") -> String {
    "farm: web\nlisten: \(listen)\nbackends: \(backends)\n\(lines)\n"
}

/// Loads a text in which `▲` stands before each place where a fault is expected, in this order, with these codes.
@discardableResult
func expectFaults(_ marked: String, _ codes: FaultCode..., sourceLocation: SourceLocation = #_sourceLocation) -> [ConfigFault] {
    var places: [String] = []
    var text = ""
    var (line, column) = (1, 1)
    for scalar in marked.unicodeScalars {
        if scalar == "▲" {
            places.append("\(line):\(column)")
            continue
        }
        text.unicodeScalars.append(scalar)
        (line, column) = scalar == "\n" ? (line + 1, 1) : (line, column + 1)
    }
    let result = load(text)
    #expect(result.farms.isEmpty, sourceLocation: sourceLocation)
    #expect(
        result.faults.map { "\($0.code.rawValue) \($0.place.line):\($0.place.column)" }
            == zip(codes, places).map { "\($0.rawValue) \($1)" },
        "\(result.faults.map { $0.rendered(color: false) }.joined(separator: "\n\n"))", sourceLocation: sourceLocation)
    #expect(codes.count == places.count, "the text marks as many places as there are codes", sourceLocation: sourceLocation)
    return result.faults
}

/// Files of the repository that tests hold the code against.
enum Repository {
    static func text(_ path: String) throws -> String {
        let data = try #require(FileManager.default.contents(atPath: root + path), "\(path) cannot be read")
        return String(decoding: data, as: UTF8.self)
    }

    static func write(_ text: String, to path: String) throws {
        #expect(FileManager.default.createFile(atPath: root + path, contents: Data(text.utf8)), "\(path) cannot be written")
    }

    static func samples() throws -> [FarmFile] {
        let names = try FileManager.default.contentsOfDirectory(atPath: root + "farms.d").filter { $0.hasSuffix(".yaml") }.sorted()
        return try names.map { FarmFile(path: "farms.d/\($0)", text: Array(try text("farms.d/\($0)").utf8)) }
    }

    private static let root = #filePath.split(separator: "/").dropLast(4).reduce("/") { $0 + $1 + "/" }
}
