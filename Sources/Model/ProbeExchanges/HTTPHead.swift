import FarmModel

/// What the head of an answer says about the length of its body (RFC 9112 § 6.3).
struct HTTPHead {
    static let prefix = Array("HTTP/1.".utf8)

    var isInterim = false
    /// Unless the server says otherwise, HTTP/1.1 goes on and HTTP/1.0 does not.
    private(set) var keepsConnection: Bool
    private var count = 0
    private var contentLength: Int?
    private var isChunked = false

    init(isOfVersion10: Bool = false) { keepsConnection = !isOfVersion10 }

    /// Whether what has come of a first line may become one of HTTP/1.
    static func mayBegin(_ line: [UInt8]) -> Bool { zip(line, prefix).allSatisfy { $0 == $1 } }

    /// The code of "HTTP/1.1 200 OK"; nil when the line is something else.
    static func status(in line: [UInt8]) -> Int? {
        // HTTP/1.x, a space, three digits, then a space or the end.
        guard line.starts(with: prefix), line.count >= 12, isDigit(line[7]), line[8] == UInt8(ascii: " ") else { return nil }
        guard line.count == 12 || line[12] == UInt8(ascii: " "), let code = number(line[9..<12], radix: 10) else { return nil }
        return (100...599).contains(code) ? code : nil
    }

    /// Whether a header line has this name and, but for capitals, this value.
    static func line(_ line: [UInt8], says header: HTTPHeader) -> Bool {
        guard let colon = line.firstIndex(of: UInt8(ascii: ":")) else { return false }
        return isWord(line[..<colon], header.name.utf8) && isWord(trimmed(line[(colon + 1)...]), header.value.utf8)
    }

    /// Takes in a header line; returns words if it breaks a rule.
    mutating func take(_ line: [UInt8]) -> String? {
        count += 1
        guard count <= HTTPAnswer.mostHeaders else { return "more than \(HTTPAnswer.mostHeaders) headers" }
        guard let colon = line.firstIndex(of: UInt8(ascii: ":")), colon > 0 else { return "malformed header" }
        let (name, value) = (line[..<colon], line[(colon + 1)...])
        if Self.isWord(name, Self.lengthName) { return takeLength(Self.trimmed(value)) }
        if Self.isWord(name, Self.connectionName) { takeConnection(Self.trimmed(value)) }
        if Self.isWord(name, Self.codingName) { isChunked = Self.isWord(Self.trimmed(value).suffix(7), Self.chunked) }
        return nil
    }

    private mutating func takeConnection(_ value: ArraySlice<UInt8>) {
        for word in value.split(separator: UInt8(ascii: ",")).map(Self.trimmed) {
            if Self.isWord(word, Self.close) || Self.isWord(word, Self.upgrade) { keepsConnection = false }
            if Self.isWord(word, Self.keepAlive) { keepsConnection = true }
        }
    }

    private mutating func takeLength(_ value: ArraySlice<UInt8>) -> String? {
        guard let length = Self.number(value, radix: 10), contentLength == nil || contentLength == length else {
            return "malformed Content-Length"
        }
        contentLength = length
        return nil
    }

    func framing(status: Int?, isForHead: Bool) -> HTTPBody.Framing {
        if isForHead || status == 101 || status == 204 || status == 304 { return .length(0) }
        if isChunked { return .chunked(.size) }
        return contentLength.map(HTTPBody.Framing.length) ?? .untilClosed
    }

    private static let lengthName = Array("content-length".utf8)
    private static let codingName = Array("transfer-encoding".utf8)
    private static let connectionName = Array("connection".utf8)
    private static let close = Array("close".utf8)
    private static let keepAlive = Array("keep-alive".utf8)
    private static let upgrade = Array("upgrade".utf8)
    private static let chunked = Array("chunked".utf8)

    /// Digits only and at most 15 of them: no sign, no overflow.
    static func number(_ digits: ArraySlice<UInt8>, radix: Int) -> Int? {
        guard !digits.isEmpty, digits.count <= 15 else { return nil }
        var number = 0
        for digit in digits {
            guard isDigit(digit) || isHexLetter(digit) else { return nil }
            let value = Int(isDigit(digit) ? digit - 0x30 : lowercased(digit) - 0x61 + 10)
            guard value < radix else { return nil }
            number = number * radix + value
        }
        return number
    }

    /// The same but for capitals.
    private static func isWord(_ bytes: ArraySlice<UInt8>, _ word: some Collection<UInt8>) -> Bool {
        bytes.count == word.count && zip(bytes, word).allSatisfy { lowercased($0) == lowercased($1) }
    }

    static func trimmed(_ bytes: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        func isBlank(_ byte: UInt8) -> Bool { byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") }
        guard let last = bytes.lastIndex(where: { !isBlank($0) }) else { return [] }
        return bytes[...last].drop(while: isBlank)
    }

    private static func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }
    private static func isHexLetter(_ byte: UInt8) -> Bool { (0x61...0x66).contains(lowercased(byte)) }
    private static func lowercased(_ byte: UInt8) -> UInt8 { (0x41...0x5A).contains(byte) ? byte | 0x20 : byte }
}
