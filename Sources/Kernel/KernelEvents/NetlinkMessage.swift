import CNetfilter

/// One netlink message in a receive buffer; valid until the next receive on the same socket.
struct NetlinkMessage {
    let header: UnsafePointer<nlmsghdr>

    var type: UInt16 { header.pointee.nlmsg_type }
    var flags: UInt16 { header.pointee.nlmsg_flags }
    var sequence: UInt32 { header.pointee.nlmsg_seq }

    var payload: UnsafeRawBufferPointer {
        let whole = UnsafeRawBufferPointer(start: header, count: Int(header.pointee.nlmsg_len))
        return UnsafeRawBufferPointer(rebasing: whole.dropFirst(MemoryLayout<nlmsghdr>.size))
    }

    /// The family's own fixed header in front of the attributes; nil when the message is shorter.
    func fixedHeader<Header: BitwiseCopyable>(_ type: Header.Type) -> Header? {
        payload.count >= MemoryLayout<Header>.size ? payload.loadUnaligned(as: type) : nil
    }

    func attributes<Header>(after header: Header.Type) -> NetlinkAttributes {
        NetlinkAttributes(UnsafeRawBufferPointer(rebasing: payload.dropFirst(MemoryLayout<Header>.size)))
    }
}

/// The messages of one datagram, as far as they are whole.
struct NetlinkMessages: Sequence, IteratorProtocol {
    private var rest: UnsafeRawBufferPointer

    init(_ datagram: UnsafeRawBufferPointer) { rest = datagram }

    mutating func next() -> NetlinkMessage? {
        guard rest.count >= MemoryLayout<nlmsghdr>.size, let start = rest.baseAddress else { return nil }
        let header = start.assumingMemoryBound(to: nlmsghdr.self)
        let length = Int(header.pointee.nlmsg_len)
        guard length >= MemoryLayout<nlmsghdr>.size, length <= rest.count else { return nil }
        rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst((length + 3) & ~3))
        return NetlinkMessage(header: header)
    }
}

/// One attribute, its header included in `whole`.
struct NetlinkAttribute {
    let whole: UnsafeRawBufferPointer

    /// Without the flags for nesting and byte order.
    var type: Int { Int(whole.loadUnaligned(fromByteOffset: 2, as: UInt16.self) & 0x3FFF) }
    var payload: UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: whole.dropFirst(4)) }
    var nested: NetlinkAttributes { NetlinkAttributes(payload) }

    /// The payload as a number in network byte order; nil when it is too short.
    func bigEndian<Number: FixedWidthInteger & BitwiseCopyable>(_ type: Number.Type) -> Number? {
        payload.count >= MemoryLayout<Number>.size ? Number(bigEndian: payload.loadUnaligned(as: type)) : nil
    }

    /// The payload as text up to its first NUL.
    var text: String { String(decoding: payload.prefix { $0 != 0 }, as: UTF8.self) }
}

/// A run of attributes, as far as they are whole.
struct NetlinkAttributes: Sequence, IteratorProtocol {
    private var rest: UnsafeRawBufferPointer

    init(_ bytes: UnsafeRawBufferPointer) { rest = bytes }

    mutating func next() -> NetlinkAttribute? {
        guard rest.count >= 4 else { return nil }
        let length = Int(rest.loadUnaligned(as: UInt16.self))
        guard length >= 4, length <= rest.count else { return nil }
        let attribute = NetlinkAttribute(whole: UnsafeRawBufferPointer(rebasing: rest.prefix(length)))
        rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst((length + 3) & ~3))
        return attribute
    }
}
