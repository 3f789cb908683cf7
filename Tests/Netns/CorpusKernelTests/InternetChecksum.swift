import NetTypes

/// RFC 1071, over octets in network order.
struct InternetChecksum {
    private var sum: UInt64 = 0

    init(of octets: some Collection<UInt8>) { add(octets) }

    /// Of a segment with its pseudo header; `addresses` are source and destination.
    init(of segment: [UInt8], _ transport: TransportProtocol, addresses: [UInt8]) {
        add(addresses)
        add(UInt16(transport.rawValue).octets + UInt16(segment.count).octets)
        add(segment)
    }

    /// `octets` begin at an even offset of what is summed up.
    private mutating func add(_ octets: some Collection<UInt8>) {
        var isHigh = true
        for octet in octets {
            sum += UInt64(octet) << (isHigh ? 8 : 0)
            isHigh.toggle()
        }
    }

    var value: [UInt8] {
        var folded = sum
        while folded > 0xFFFF { folded = (folded & 0xFFFF) + (folded >> 16) }
        return UInt16(truncatingIfNeeded: ~folded).octets
    }

    /// What was summed up had the right checksum in it.
    var isRight: Bool { value == [0, 0] }
}

extension FixedWidthInteger {
    /// In network order.
    var octets: [UInt8] { withUnsafeBytes(of: bigEndian, Array.init) }
}
