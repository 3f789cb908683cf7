import FarmConfig
import Testing

@Suite struct RenderingTests {
    @Test func theFormIsThatOfTheInterface() throws {
        let text = String(repeating: "# x\n", count: 10) + minimal("sheduler: maglev")
        let fault = try #require(load(text, path: "farms.d/web.yaml").faults.first)
        #expect(
            fault.rendered(color: false) == """
                error[E012]: unknown key "sheduler"
                  --> farms.d/web.yaml:14:1
                14 | sheduler: maglev
                   | ^^^^^^^^ did you mean "scheduler"?
                   = see: lbctl explain farm.scheduler
                """)
        #expect(fault.description == "farms.d/web.yaml:14:1: error[E012]: unknown key \"sheduler\" (did you mean \"scheduler\"?)")
    }

    @Test func otherPlacesFollow() throws {
        let fault = try #require(load(minimal("", listen: "[203.0.113.1:80, 203.0.113.1:80]")).faults.first)
        #expect(
            fault.rendered(color: false) == """
                error[E031]: 203.0.113.1:80/tcp is listed twice
                  --> farms.d/test.yaml:2:26
                 2 | listen: [203.0.113.1:80, 203.0.113.1:80]
                   |                          ^^^^^^^^^^^^^^ leave one out
                   = also: farms.d/test.yaml:2:10: 203.0.113.1:80/tcp
                   = see: lbctl explain farm.listen
                """)
    }

    @Test func colorOnlyAddsEscapes() throws {
        let fault = try #require(load(minimal("sheduler: maglev")).faults.first)
        let colored = fault.rendered(color: true)
        #expect(colored.contains("\u{1B}[31m") && colored != fault.rendered(color: false))
        let stripped = colored.replacing(/\u{1B}\[[0-9]+m/, with: "")
        #expect(stripped == fault.rendered(color: false))
    }

    @Test func caretsStandUnderWideAndCombiningCharacters() throws {
        let lines = try #require(load(minimal("{ 日本: é, e\u{301}: x, weight: 1 }".replacing("{ ", with: "health: { "))).faults.last)
            .rendered(color: false).split(separator: "\n")
        #expect(lines[2] == " 4 | health: { 日本: é, e\u{301}: x, weight: 1 }")
        #expect(lines[3].hasPrefix("   |                          ^^^^^^ it belongs"))
    }

    @Test func longLinesAreCutAroundThePlace() throws {
        let text = minimal("health: { " + String(repeating: " ", count: 500) + "tipe: tcp" + String(repeating: " ", count: 500) + "}")
        let lines = try #require(load(text).faults.first).rendered(color: false).split(separator: "\n")
        #expect(lines[2].count < 110 && lines[2].contains("tipe: tcp"))
        let column = try #require(lines[2].firstRange(of: "tipe")).lowerBound.utf16Offset(in: lines[2])
        #expect(lines[3].prefix(while: { $0 != "^" }).count == column)
    }

    @Test func textOfTheFileCannotDriveTheTerminal() throws {
        let faults = load(minimal("\"\\e[2J\\u202e\": 1\n\"a\\nb\": 1")).faults
        #expect(faults[0].message == "unknown key \"\\u{1b}[2J\\u{202e}\"")
        #expect(faults[1].message == "unknown key \"a\\nb\"")
        #expect(!load("a: \u{1B}[2J").faults[0].rendered(color: false).unicodeScalars.contains("\u{1B}"))
        #expect(!load("a\u{202E}b: 1").faults[0].rendered(color: false).unicodeScalars.contains("\u{202E}"))
    }

    @Test func tabsInALineKeepTheCaretInPlace() throws {
        let lines = try #require(load(minimal("quorum:\t\t0")).faults.first).rendered(color: false).split(separator: "\n")
        #expect(lines[2] == " 4 | quorum:  0" && lines[3].hasPrefix("   |          ^ "))
    }
}
