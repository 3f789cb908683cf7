/// Columns of text under titles, aligned.
struct Table {
    struct Column {
        let title: String
        var isRight = false
        var isWide = false
    }

    struct Cell: ExpressibleByStringInterpolation {
        let text: String
        var tint: Tint?

        init(_ text: String, _ tint: Tint? = nil) { (self.text, self.tint) = (Printable.text(text), tint) }
        init(stringLiteral value: String) { self.init(value) }

        static func state(_ text: String) -> Cell { Cell(text, Tint.of(state: text)) }
    }

    let columns: [Column]
    let rows: [[Cell]]

    init(_ columns: [Column], rows: [[Cell]]) {
        precondition(rows.allSatisfy { $0.count == columns.count }, "each row has a cell for each column")
        (self.columns, self.rows) = (columns, rows)
    }

    /// Columns marked wide show in the wide style only.
    func text(_ style: TextStyle) -> String {
        let shown = columns.indices.filter { style.isWide || !columns[$0].isWide }
        let lines = [columns.map { Cell($0.title) }] + rows
        let widths = shown.map { column in lines.map { $0[column].text.count }.max() ?? 0 }
        return lines.map { line(shown, $0, widths, style) }.joined()
    }

    private func line(_ shown: [Int], _ cells: [Cell], _ widths: [Int], _ style: TextStyle) -> String {
        let parts = zip(shown, widths).map { column, width in
            let cell = cells[column]
            let blank = String(repeating: " ", count: width - cell.text.count)
            let text = cell.tint?.applied(to: cell.text, if: style.isColoured) ?? cell.text
            return columns[column].isRight ? blank + text : text + blank
        }
        let line = parts.joined(separator: "  ")
        return String(line.reversed().drop { $0 == " " }.reversed()) + "\n"
    }
}

extension Table.Column: ExpressibleByStringLiteral {
    init(stringLiteral value: String) { self.init(title: value) }
    static func right(_ title: String) -> Self { Self(title: title, isRight: true) }
    static func wide(_ title: String) -> Self { Self(title: title, isWide: true) }
    static func wideRight(_ title: String) -> Self { Self(title: title, isRight: true, isWide: true) }
}
