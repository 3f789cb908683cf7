import NetTypes

/// The content of a record as text, as zone files write it without the dot at the end of names.
enum DNSRecord {
    /// Nil when it is malformed.
    static func text(_ bytes: Span<UInt8>, _ content: Range<Int>, type: UInt16) -> String? {
        switch type {
        case 1: return content.count == 4 ? address(bytes, content) : nil
        case 28: return content.count == 16 ? address(bytes, content) : nil
        case 2, 5, 12, 6: return name(bytes, at: content.lowerBound)
        case 15: return numbers(bytes, content, 1)
        case 33: return numbers(bytes, content, 3)
        case 16: return strings(bytes, content)
        default: return nil
        }
    }

    private static func address(_ bytes: Span<UInt8>, _ content: Range<Int>) -> String? {
        IPAddress(octets: content.map { bytes[$0] })?.description
    }

    /// MX and SRV: numbers, then a name.
    private static func numbers(_ bytes: Span<UInt8>, _ content: Range<Int>, _ count: Int) -> String? {
        guard content.count > 2 * count, let name = name(bytes, at: content.lowerBound + 2 * count) else { return nil }
        return (0..<count).map { "\(bytes.field(content.lowerBound + 2 * $0)) " }.joined() + name
    }

    /// TXT: strings of at most 255 bytes, joined.
    private static func strings(_ bytes: Span<UInt8>, _ content: Range<Int>) -> String? {
        var (position, text) = (content.lowerBound, [UInt8]())
        while position < content.upperBound {
            let end = position + 1 + Int(bytes[position])
            guard end <= content.upperBound else { return nil }
            for index in (position + 1)..<end { text.append(bytes[index]) }
            position = end
        }
        return String(decoding: text, as: UTF8.self)
    }

    /// A name with its pointers followed: each has to lead further back than the last, so none is followed twice.
    static func name(_ bytes: Span<UInt8>, at start: Int) -> String? {
        var (position, bound, octets) = (start, start, [UInt8]())
        while position < bytes.count, octets.count <= DNSAnswer.longestName {
            let length = Int(bytes[position])
            if length == 0 { return octets.isEmpty ? "." : String(decoding: octets, as: UTF8.self) }
            if length >= 0xC0 {
                guard position + 1 < bytes.count else { return nil }
                let next = Int(bytes.field(position) & 0x3FFF)
                guard next < bound else { return nil }
                (position, bound) = (next, next)
                continue
            }
            guard length < 0x40, position + 1 + length <= bytes.count else { return nil }
            if !octets.isEmpty { octets.append(UInt8(ascii: ".")) }
            for index in (position + 1)...(position + length) { octets.append(bytes[index]) }
            position += 1 + length
        }
        return nil
    }
}
