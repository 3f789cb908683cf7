import Logging
import Testing

@testable import Observability

@Suite struct LineLogHandlerTests {
    private let time = /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/

    /// What stands behind the time.
    private func text(_ message: String, _ values: [(String, String)]) throws -> String {
        let line = LineLogHandler.textLine(.warning, message, values)
        let match = try #require(try time.prefixMatch(in: line), "\(line)")
        return String(line[match.range.upperBound...])
    }

    @Test func aLineIsTimeLevelMessageAndValues() throws {
        #expect(try text("verdict changed", [("backend", "b1"), ("farm", "web")]) == " warning verdict changed backend=b1 farm=web\n")
        #expect(try text("stopped", []) == " warning stopped\n")
    }

    @Test func valuesThatCouldBeMistakenAreQuoted() throws {
        #expect(try text("m", [("a", "two words")]) == " warning m a=\"two words\"\n")
        #expect(try text("m", [("a", "")]) == " warning m a=\"\"\n")
        #expect(try text("m", [("a", "b=c")]) == " warning m a=\"b=c\"\n")
        #expect(try text("m", [("a", #"say "no" \ yes"#)]) == #" warning m a="say \"no\" \\ yes""# + "\n")
    }

    /// Reasons of probes and names of processes come from others: a terminal must not obey them.
    @Test(arguments: [0x00, 0x09, 0x0A, 0x0B, 0x0D, 0x1B, 0x7F, 0x9B] as [UInt8])
    func aValueCarriesNoControlCharacters(code: UInt8) throws {
        let value = "before\(Unicode.Scalar(code))after"
        for line in [try text("m", [("a", value)]), LineLogHandler.jsonLine(.info, "m", [("a", value)])] {
            #expect(line.hasSuffix("\n"))
            #expect(!line.unicodeScalars.dropLast().contains { $0.properties.generalCategory == .control }, "\(line.debugDescription)")
        }
    }

    @Test func jsonIsOneObjectALine() throws {
        let line = LineLogHandler.jsonLine(.error, "it \"broke\"", [("error", "a\nb\u{1}\\"), ("farm", "web")])
        let match = try #require(try /\{"time":"([^"]+)",(.*)\n/.wholeMatch(in: line))
        #expect(try time.wholeMatch(in: match.1) != nil)
        #expect(match.2 == #""level":"error","message":"it \"broke\"","error":"a\nb\u0001\\","farm":"web"}"#)
    }

    @Test func metadataOfTheHandlerIsKept() {
        var handler = LineLogHandler(level: .info, format: .text)
        handler[metadataKey: "part"] = "probes"
        #expect(handler[metadataKey: "part"] == "probes")
        #expect(handler.logLevel == .info)
        handler[metadataKey: "part"] = nil
        #expect(handler.metadata.isEmpty)
    }
}
