/// RFC 1071, over octets in network order.
struct InternetChecksum {
    private var sum: UInt64 = 0

    init() {}

    /// `octets` begin at an even offset of what is summed up.
    mutating func add(_ octets: some Collection<UInt8>) {
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
}

extension FixedWidthInteger {
    /// In network order.
    var octets: [UInt8] { withUnsafeBytes(of: bigEndian, Array.init) }
}
