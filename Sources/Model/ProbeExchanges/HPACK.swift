/// Header lists as HTTP/2 packs them (RFC 7541), as far as a client needs them that allows no dynamic table.
///
/// A peer that is told so may only refer to the static table; of that, a probe wants to know the status codes alone.
enum HPACK {
    static let mostFields = 100
    private static let staticCount = 61
    /// From entry 8 on.
    private static let statuses = ["200", "204", "206", "304", "400", "404", "500"]

    /// Names that the static table has are empty, except `:status`; nil for what is malformed.
    static func decode(_ block: ArraySlice<UInt8>) -> [(name: String, value: String)]? {
        var reader = HPACKReader(block)
        var fields: [(name: String, value: String)] = []
        while let first = reader.peek {
            guard fields.count < mostFields else { return nil }
            if first & 0x80 != 0 {
                guard let index = reader.number(prefix: 7), let field = indexed(index) else { return nil }
                fields.append(field)
            } else if first & 0xE0 == 0x20 {
                // A new size of the dynamic table: it has to stay 0.
                guard reader.number(prefix: 5) == 0 else { return nil }
            } else {
                guard let index = reader.number(prefix: first & 0x40 != 0 ? 6 : 4) else { return nil }
                guard let name = index == 0 ? reader.text() : indexed(index)?.name, let value = reader.text() else { return nil }
                fields.append((name, value))
            }
        }
        return fields
    }

    private static func indexed(_ index: Int) -> (name: String, value: String)? {
        guard (1...staticCount).contains(index) else { return nil }
        return (8..<(8 + statuses.count)).contains(index) ? (":status", statuses[index - 8]) : ("", "")
    }

    /// Fields that are not to be remembered, their names in full.
    static func encode(_ fields: [(name: String, value: String)]) -> [UInt8] {
        fields.flatMap { [0] + text($0.name) + text($0.value) }
    }

    private static func text(_ text: String) -> [UInt8] { number(text.utf8.count, prefix: 7) + Array(text.utf8) }

    /// An integer in the low `prefix` bits of an octet, and in further ones if need be (§ 5.1).
    static func number(_ value: Int, prefix: Int) -> [UInt8] {
        let most = 1 << prefix - 1
        guard value >= most else { return [UInt8(value)] }
        var (octets, rest) = ([UInt8(most)], value - most)
        while rest >= 128 {
            octets.append(UInt8(rest & 0x7F | 0x80))
            rest >>= 7
        }
        return octets + [UInt8(rest)]
    }
}

private struct HPACKReader {
    private var rest: ArraySlice<UInt8>

    init(_ block: ArraySlice<UInt8>) { rest = block }

    var peek: UInt8? { rest.first }

    /// Up to 2^28: longer ones would only be read to be refused.
    mutating func number(prefix: Int) -> Int? {
        guard let first = rest.popFirst() else { return nil }
        let most = 1 << prefix - 1
        var value = Int(first) & most
        guard value == most else { return value }
        for shift in stride(from: 0, to: 28, by: 7) {
            guard let octet = rest.popFirst() else { return nil }
            value += Int(octet & 0x7F) << shift
            if octet & 0x80 == 0 { return value }
        }
        return nil
    }

    mutating func text() -> String? {
        guard let first = rest.first, let count = number(prefix: 7), count <= rest.count else { return nil }
        let octets = rest.prefix(count)
        rest = rest.dropFirst(count)
        guard first & 0x80 != 0 else { return String(decoding: octets, as: UTF8.self) }
        return HPACKHuffman.decode(octets).map { String(decoding: $0, as: UTF8.self) }
    }
}
