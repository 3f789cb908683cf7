/// A datagram of nfnetlink messages, taken apart.
struct NetlinkMessages: Sequence, IteratorProtocol {
    struct Message {
        let type: UInt16
        /// nfgenmsg: the family that it is about.
        let family: UInt8
        let attributes: [UInt16: ArraySlice<UInt8>]
    }

    private var rest: ArraySlice<UInt8>
    private static let headerLength = 16
    private static let familyHeaderLength = 4

    init(_ octets: ArraySlice<UInt8>) { rest = octets }

    mutating func next() -> Message? {
        guard rest.count >= Self.headerLength else { return nil }
        let length = Int(hostNumber(rest.prefix(4)))
        guard length >= Self.headerLength, length <= rest.count else { return nil }
        let message = rest.prefix(length)
        rest = rest.dropFirst((length + 3) / 4 * 4)
        let body = message.dropFirst(Self.headerLength)
        return Message(
            type: UInt16(hostNumber(message.dropFirst(4).prefix(2))), family: body.first ?? 0,
            attributes: Self.attributes(body.dropFirst(Self.familyHeaderLength)))
    }

    private static func attributes(_ octets: ArraySlice<UInt8>) -> [UInt16: ArraySlice<UInt8>] {
        var (rest, attributes): (ArraySlice<UInt8>, [UInt16: ArraySlice<UInt8>]) = (octets, [:])
        while rest.count >= 4 {
            let length = Int(hostNumber(rest.prefix(2)))
            guard length >= 4, length <= rest.count else { break }
            // The two highest bits are flags (NLA_TYPE_MASK).
            attributes[UInt16(hostNumber(rest.dropFirst(2).prefix(2))) & 0x3FFF] = rest.prefix(length).dropFirst(4)
            rest = rest.dropFirst((length + 3) / 4 * 4)
        }
        return attributes
    }
}

/// Netlink's own fields are in the host's byte order.
private func hostNumber(_ octets: ArraySlice<UInt8>) -> UInt32 {
    octets.reversed().reduce(0) { $0 << 8 | UInt32($1) }
}
