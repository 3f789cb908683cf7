import NetTypes

/// An answer from a name server that may be hostile: every length is held against the message, nothing is followed twice, and all that is
/// built is the text of one record at a time.
struct DNSAnswer {
    /// What was found in the answer section.
    enum Finding { case found, absent, malformed }

    static let headerLength = 12
    /// Records that are looked at.
    static let mostRecords = 256
    /// Of a name in wire form (RFC 1035 § 3.1); also bounds how often a name may jump.
    static let longestName = 255

    let rcode: UInt8
    let isTruncated: Bool
    private let recordCount: Int
    private let firstRecord: Int

    /// Nil unless the message answers the question: its id, a reply to a query, and the question itself.
    init?(_ bytes: Span<UInt8>, to question: DNSQuestion) {
        guard bytes.count >= Self.headerLength, bytes.field(0) == question.id, bytes[2] & 0xF8 == 0x80 else { return nil }
        let end = Self.headerLength + question.name.count + 4
        // A server that cannot read the question may leave it out (RFC 1035 § 4.1.1: format error).
        guard bytes.field(4) == 1 else {
            guard bytes.field(4) == 0, bytes[3] & 0xF != 0 else { return nil }
            (rcode, isTruncated, recordCount, firstRecord) = (bytes[3] & 0xF, false, 0, Self.headerLength)
            return
        }
        guard bytes.count >= end, bytes.field(end - 4) == question.type, bytes.field(end - 2) == 1,
            question.name.indices.allSatisfy({ Self.lowercased(bytes[Self.headerLength + $0]) == Self.lowercased(question.name[$0]) })
        else { return nil }
        (rcode, isTruncated, recordCount, firstRecord) = (bytes[3] & 0xF, bytes[2] & 2 != 0, Int(bytes.field(6)), end)
    }

    /// Looks for a record of the type whose text is the wanted one.
    func search(_ bytes: Span<UInt8>, for wanted: String, type: UInt16) -> Finding {
        var position = firstRecord
        for _ in 0..<min(recordCount, Self.mostRecords) {
            guard let start = Self.skipName(bytes, at: position), start + 10 <= bytes.count else { return cutOff }
            let (recordType, length) = (bytes.field(start), Int(bytes.field(start + 8)))
            let content = (start + 10)..<(start + 10 + length)
            guard content.upperBound <= bytes.count else { return cutOff }
            if recordType == type, DNSRecord.text(bytes, content, type: type).map({ $0.lowercased() == wanted.lowercased() }) == true {
                return .found
            }
            position = content.upperBound
        }
        return .absent
    }

    private var cutOff: Finding { isTruncated ? .absent : .malformed }

    /// Where the name ends that begins here; a pointer ends it.
    static func skipName(_ bytes: Span<UInt8>, at start: Int) -> Int? {
        var position = start
        while position < bytes.count, position - start <= longestName {
            let length = bytes[position]
            if length == 0 { return position + 1 }
            if length >= 0xC0 { return position + 2 <= bytes.count ? position + 2 : nil }
            guard length < 0x40 else { return nil }
            position += 1 + Int(length)
        }
        return nil
    }

    static func lowercased(_ byte: UInt8) -> UInt8 { (0x41...0x5A).contains(byte) ? byte | 0x20 : byte }
}

extension Span where Element == UInt8 {
    /// Two bytes, the higher first; both have to be there.
    func field(_ position: Int) -> UInt16 { UInt16(self[position]) << 8 | UInt16(self[position + 1]) }
}
