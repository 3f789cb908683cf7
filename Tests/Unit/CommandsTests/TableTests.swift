import Testing

@testable import Commands

@Suite struct TableTests {
    private let table = Table(
        ["FARM", .right("SHARE"), .wide("NOTE")], rows: [["web", "5%", "é"], [.state("up"), "100%", "a\u{1B}[31mb\nc"]]
    )

    @Test func columnsAreAlignedAndLinesEndWithoutBlanks() {
        #expect(table.text(TextStyle()) == "FARM  SHARE\nweb      5%\nup     100%\n")
    }

    @Test func wideColumnsShowInWideAndControlCharactersNever() {
        #expect(table.text(TextStyle(isWide: true)) == "FARM  SHARE  NOTE\nweb      5%  é\nup     100%  a\u{FFFD}[31mb\u{FFFD}c\n")
    }

    @Test func coloursDoNotMoveColumns() {
        let coloured = table.text(TextStyle(isColoured: true))
        #expect(coloured == "FARM  SHARE\nweb      5%\n\u{1B}[32mup\u{1B}[0m     100%\n")
    }
}
