import CNetfilter

/// The attributes of a message, or those nested in one. Ends at the first that is cut short.
struct Attributes: Sequence, IteratorProtocol {
    private var rest: UnsafeRawBufferPointer

    /// NLA_TYPE_MASK: without the flags NLA_F_NESTED and NLA_F_NET_BYTEORDER.
    private static let typeMask: UInt16 = 0x3FFF

    init(_ content: UnsafeRawBufferPointer) { rest = content }

    /// Those behind the netlink header and `skipping` further octets.
    init(message: UnsafePointer<nlmsghdr>, skipping: Int = MemoryLayout<nfgenmsg>.size) {
        let start = MemoryLayout<nlmsghdr>.size + ((skipping + 3) & ~3)
        let length = Swift.max(0, Int(message.pointee.nlmsg_len) - start)
        rest = UnsafeRawBufferPointer(start: UnsafeRawPointer(message) + start, count: length)
    }

    mutating func next() -> Attribute? {
        guard rest.count >= 4 else { return nil }
        let length = Int(rest.loadUnaligned(as: UInt16.self))
        guard length >= 4, length <= rest.count else { return nil }
        let type = rest.loadUnaligned(fromByteOffset: 2, as: UInt16.self) & Self.typeMask
        let content = UnsafeRawBufferPointer(rebasing: rest[4..<length])
        rest = UnsafeRawBufferPointer(rebasing: rest[Swift.min((length + 3) & ~3, rest.count)...])
        return Attribute(type: type, content: content)
    }
}

struct Attribute {
    let type: UInt16
    let content: UnsafeRawBufferPointer

    var nested: Attributes { Attributes(content) }
    /// Without the zero that ends it.
    var string: String { String(decoding: content.prefix { $0 != 0 }, as: UTF8.self) }
    var hostNumber: UInt32? { content.count >= 4 ? content.loadUnaligned(as: UInt32.self) : nil }
    /// nf_tables writes its numbers in network order.
    var number: UInt32? { hostNumber.map { UInt32(bigEndian: $0) } }
    var longNumber: UInt64? { content.count >= 8 ? UInt64(bigEndian: content.loadUnaligned(as: UInt64.self)) : nil }

    func first(_ type: some RawRepresentable<UInt32>) -> Attribute? { nested.first { UInt32($0.type) == type.rawValue } }
}
