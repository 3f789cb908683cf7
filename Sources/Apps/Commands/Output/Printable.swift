/// Text from elsewhere (probe answers, farm files, the daemon) made harmless for a terminal.
enum Printable {
    /// On one line.
    static func text(_ text: String) -> String { clean(text) { isHarmful($0) } }

    /// Newlines and tabs stay, and colours that the daemon put in do not.
    static func lines(_ text: String) -> String { clean(text) { $0 != "\n" && $0 != "\t" && isHarmful($0) } }

    /// Moves the cursor, changes colours or reorders what is shown.
    static func isHarmful(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator: true
        default: false
        }
    }

    private static func clean(_ text: String, _ isUnwanted: (Unicode.Scalar) -> Bool) -> String {
        String(String.UnicodeScalarView(text.unicodeScalars.map { isUnwanted($0) ? "\u{FFFD}" : $0 }))
    }
}
