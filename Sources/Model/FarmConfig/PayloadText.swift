/// What is sent or expected: text, or bytes in hexadecimal behind `hex:`, with blanks where they help.
enum PayloadText {
    static let prefix = "hex:"

    /// Of a text that `isSound`.
    static func bytes(_ text: String) -> [UInt8] {
        guard text.hasPrefix(prefix) else { return Array(text.utf8) }
        let digits = text.dropFirst(prefix.count).filter { $0 != " " }.utf8.compactMap(nibble)
        return stride(from: 0, to: digits.count - 1, by: 2).map { digits[$0] << 4 | digits[$0 + 1] }
    }

    static func isSound(_ text: String) -> Bool {
        guard text.hasPrefix(prefix) else { return true }
        let digits = text.dropFirst(prefix.count).utf8.filter { $0 != UInt8(ascii: " ") }
        return !digits.isEmpty && digits.count.isMultiple(of: 2) && digits.allSatisfy { nibble($0) != nil }
    }

    private static func nibble(_ digit: UInt8) -> UInt8? {
        switch digit {
        case 0x30...0x39: digit - 0x30
        case 0x41...0x46: digit - 0x37
        case 0x61...0x66: digit - 0x57
        default: nil
        }
    }
}
