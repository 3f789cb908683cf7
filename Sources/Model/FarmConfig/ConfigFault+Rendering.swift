extension ConfigFault {
    /// The fault as a person reads it in a terminal: message, place, source line, caret, hint. Ends without a newline.
    public func rendered(color: Bool) -> String {
        let paint = Paint(isOn: color)
        let number = String(place.line)
        let margin = String(repeating: " ", count: max(0, 2 - number.count)) + number
        let blank = String(repeating: " ", count: margin.count)
        let excerpt = SourceExcerpt(line: sourceLine, column: sourceColumn, length: place.length)
        var lines = [
            paint.red("error[\(code.rawValue)]") + paint.bold(": \(message)"),
            paint.blue("  -->") + " \(place)",
            paint.blue("\(margin) |") + " \(excerpt.text)",
            paint.blue("\(blank) |") + " \(excerpt.indent)" + paint.red(excerpt.carets + (hint.map { " \($0)" } ?? "")),
        ]
        lines += related.map { paint.blue("\(blank) =") + " also: \($0.place): \($0.message)" }
        if let explainKey { lines.append(paint.blue("\(blank) =") + " see: lbctl explain \(explainKey)") }
        return lines.joined(separator: "\n")
    }
}

private struct Paint {
    let isOn: Bool

    func red(_ text: String) -> String { wrap(text, "31") }
    func blue(_ text: String) -> String { wrap(text, "34") }
    func bold(_ text: String) -> String { wrap(text, "1") }
    private func wrap(_ text: String, _ code: String) -> String { isOn ? "\u{1B}[\(code)m\(text)\u{1B}[0m" : text }
}

/// The part of a source line that is shown, and the carets that fit beneath it.
struct SourceExcerpt {
    let text: String
    let indent: String
    let carets: String

    /// A window of this many scalars is shown of a long line.
    static let width = 100

    init(line: String, column: Int, length: Int) {
        let scalars = Array(line.unicodeScalars)
        let target = min(max(column - 1, 0), scalars.count)
        let start = scalars.count > Self.width ? max(0, min(target - Self.width / 3, scalars.count - Self.width)) : 0
        let end = min(scalars.count, start + Self.width)
        let marked = max(1, min(length, end - target))
        let lead = start > 0 ? "…" : ""
        text = lead + scalars[start..<end].map(\.shown).joined() + (end < scalars.count ? "…" : "")
        indent = String(repeating: " ", count: lead.count + scalars[start..<target].reduce(0) { $0 + $1.cells })
        carets = String(repeating: "^", count: max(1, scalars[target..<min(end, target + marked)].reduce(0) { $0 + $1.cells }))
    }
}

extension Unicode.Scalar {
    /// True for what could move the cursor, hide or reorder text.
    var isUnprintable: Bool {
        switch properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .unassigned, .privateUse: true
        default: false
        }
    }

    fileprivate var shown: String { self == "\t" ? " " : isUnprintable ? "\u{FFFD}" : String(self) }

    /// Columns of a terminal that the scalar takes; the wide ranges of Unicode's East Asian Width, roughly.
    fileprivate var cells: Int {
        switch properties.generalCategory {
        case .nonspacingMark, .enclosingMark: return 0
        default: break
        }
        switch value {
        case 0x1100...0x115F, 0x2E80...0xA4CF, 0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFE30...0xFE6F, 0xFF00...0xFF60,
            0xFFE0...0xFFE6, 0x1F300...0x1F64F, 0x1F900...0x1F9FF, 0x20000...0x3FFFD:
            return 2
        default: return 1
        }
    }
}
