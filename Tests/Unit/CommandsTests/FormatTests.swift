import ArgumentParser
import ControlAPI
import Testing

@testable import Commands

/// Golden texts of every format.
@Suite struct FormatTests {
    private let list = BackendList(backends: [
        BackendView(
            farm: "web", name: "web2", address: "fd00:1::12", port: "8080", weight: 10, effectiveWeight: 0, priority: 1, admin: "drain",
            isOverridden: true, health: "down", reason: "no answer within 1 s", since: "2026-01-02T03:04:05Z", share: 0, connections: 3
        ),
        BackendView(
            farm: "web", name: "web1", address: "10.0.1.11", port: nil, weight: 10, effectiveWeight: 10, priority: 1, admin: "ready",
            isOverridden: false, health: "up", reason: "connected", since: nil, share: 1.0 / 3, connections: nil
        ),
    ])

    private func text(_ format: OutputFormat) throws -> String { try Rendering.text(of: list, as: format, isColoured: false) }

    @Test func table() throws {
        #expect(
            try text(.table) == """
                FARM  BACKEND  ADDRESS            ADMIN             HEALTH        WEIGHT  SHARE  REASON
                web   web1     10.0.1.11          ready             up                10  33.3%  connected
                web   web2     [fd00:1::12]:8080  drain (override)  down    0 (file: 10)     0%  no answer within 1 s

                """
        )
    }

    @Test func wide() throws {
        let start =
            "web   web2     [fd00:1::12]:8080  drain (override)  down    0 (file: 10)         1     0%            3       -         -          -"
        #expect(try text(.wide).split(separator: "\n").last == "\(start)  2026-01-02T03:04:05Z  no answer within 1 s")
    }

    @Test func json() throws {
        let first = """
            {
              "backends": [
                {
                  "address": "fd00:1::12",
                  "admin": "drain",
                  "connections": 3,
                  "effectiveWeight": 0,
            """
        #expect(try text(.json).hasPrefix(first))
        #expect(try ControlJSON.decode(BackendList.self, from: Array(try text(.json).utf8)) == list)
    }

    @Test func yaml() throws {
        #expect(
            try text(.yaml).hasPrefix(
                """
                backends:
                - address: "fd00:1::12"
                  admin: drain
                  connections: 3
                  effectiveWeight: 0
                  farm: web
                  health: down
                  isOverridden: true
                  name: web2
                  port: "8080"
                """
            )
        )
    }

    @Test func name() throws { #expect(try text(.name) == "web/web1\nweb/web2\n") }

    @Test(arguments: [
        ("plain", "plain"), ("", #""""#), ("no", #""no""#), ("a b", #""a b""#), ("1e3", #""1e3""#), ("-x", #""-x""#),
        ("a\u{1B}", #""a\u001b""#), ("a\nb", #""a\nb""#), ("table {\n  x\n}\n", "|\n  table {\n    x\n  }"), ("\u{85}", #""\u0085""#),
    ])
    func yamlQuotesWhatCouldBeMisread(_ text: String, _ expected: String) throws {
        #expect(YAMLText.of(.mapping([("k", .text(text))])) == "k: \(expected)\n")
    }

    @Test func emptyAnswersSaySo() throws {
        #expect(try Rendering.text(of: FarmList(farms: []), as: .table, isColoured: false) == "no farms\n")
        #expect(try Rendering.text(of: FarmList(farms: []), as: .json, isColoured: false) == "{\n  \"farms\": []\n}\n")
        #expect(try Rendering.text(of: FarmList(farms: []), as: .yaml, isColoured: false) == "farms: []\n")
        #expect(try Rendering.text(of: FarmList(farms: []), as: .name, isColoured: false) == "")
    }

    @Test(arguments: [(0, "0%"), (1, "100%"), (1.0 / 3, "33.3%"), (0.0001, "<0.1%"), (0.9999, ">99.9%"), (0.5, "50%"), (.nan, "-")])
    func sharesArePerCent(_ share: Double, _ expected: String) { #expect(percent(share) == expected) }
}
