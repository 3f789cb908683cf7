/// Cuts an answer into lines; a line feed ends one, a carriage return before it is left out.
struct LineReader {
    enum Event: Equatable {
        /// The line goes on.
        case none
        case line([UInt8])
        /// The line, or all of them together, are longer than any answer.
        case tooLong
    }

    private let longestLine: Int
    private let longestAnswer: Int
    private var line: [UInt8] = []
    private var count = 0

    init(longestLine: Int = 1024, longestAnswer: Int = 65_536) { (self.longestLine, self.longestAnswer) = (longestLine, longestAnswer) }

    var isEmpty: Bool { count == 0 }
    /// What has come since the last line end.
    var rest: [UInt8] { line }

    mutating func take(_ byte: UInt8) -> Event {
        count += 1
        guard byte == UInt8(ascii: "\n") else {
            line.append(byte)
            return line.count > longestLine || count > longestAnswer ? .tooLong : .none
        }
        if line.last == UInt8(ascii: "\r") { line.removeLast() }
        defer { line.removeAll(keepingCapacity: true) }
        return .line(line)
    }
}

/// Text of a server for our own messages: printable, and no longer than a line of a terminal.
func shown(_ bytes: some Collection<UInt8>) -> String {
    let text = String(decoding: bytes.prefix(480), as: UTF8.self)
    let isCut = text.unicodeScalars.count > 120
    let scalars = text.unicodeScalars.prefix(120).map { scalar -> Unicode.Scalar in
        scalar.properties.generalCategory == .control || scalar == "\u{FFFD}" ? "?" : scalar
    }
    return String(String.UnicodeScalarView(scalars)) + (isCut ? "…" : "")
}
