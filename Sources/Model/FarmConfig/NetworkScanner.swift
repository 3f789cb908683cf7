import NetTypes

/// Reads networks as lists are full of them, without a String on the way. What it gives up on is for `NetworkText` to read or refuse.
struct NetworkScanner {
    private let bytes: UnsafeBufferPointer<UInt8>
    private let end: Int
    private var index: Int

    init(_ bytes: UnsafeBufferPointer<UInt8>, _ range: Range<Int>) {
        (self.bytes, index, end) = (bytes, range.lowerBound, range.upperBound)
    }

    /// `192.0.2.7` or `192.0.2.0/24`
    mutating func ipv4() -> BitRange<UInt32>? {
        var address: UInt32 = 0
        for octet in 0..<4 {
            guard octet == 0 || take(0x2E), let number = number(), number <= 255 else { return nil }
            address = address << 8 | UInt32(number)
        }
        return network(address)
    }

    /// `2001:db8::7` or `2001:db8::/32`, without an IPv4 address at its end.
    mutating func ipv6() -> BitRange<UInt128>? {
        var (head, tail): (UInt128, UInt128) = (0, 0)
        var (headCount, tailCount) = (0, 0)
        var hasGap = false
        if take(0x3A) {
            guard take(0x3A) else { return nil }
            hasGap = true
        }
        while let group = group() {
            if hasGap {
                (tail, tailCount) = (tail << 16 | group, tailCount + 1)
            } else {
                (head, headCount) = (head << 16 | group, headCount + 1)
            }
            guard headCount + tailCount <= 8, take(0x3A) else { break }
            if take(0x3A) {
                guard !hasGap else { return nil }
                hasGap = true
            } else if digit(peek) == nil {
                return nil
            }
        }
        guard hasGap ? headCount + tailCount < 8 : headCount == 8 else { return nil }
        let address = head << UInt128(16 * (8 - headCount)) | tail
        let isMapped = address >> 32 == 0xFFFF
        return isMapped ? nil : network(address)
    }

    /// What is left is nothing, or a prefix length with no bits set behind it.
    private mutating func network<Bits: FixedWidthInteger & UnsignedInteger & Sendable>(_ address: Bits) -> BitRange<Bits>? {
        if index == end { return BitRange(first: address, last: address) }
        guard take(0x2F), let length = number(), length <= Bits.bitWidth, index == end else { return nil }
        let hostBits: Bits = length == Bits.bitWidth ? 0 : Bits.max >> Bits(length)
        return address & hostBits == 0 ? BitRange(first: address, last: address | hostBits) : nil
    }

    private var peek: UInt8 { index < end ? bytes[index] : 0 }

    private mutating func take(_ byte: UInt8) -> Bool {
        guard peek == byte else { return false }
        index += 1
        return true
    }

    /// At most three digits, without leading zeros.
    private mutating func number() -> Int? {
        let start = index
        var value = 0
        while index - start < 3, (0x30...0x39).contains(peek) {
            value = value * 10 + Int(peek - 0x30)
            index += 1
        }
        guard index > start, index - start == 1 || bytes[start] != 0x30 else { return nil }
        return value
    }

    /// Up to four hexadecimal digits.
    private mutating func group() -> UInt128? {
        let start = index
        var value: UInt128 = 0
        while index - start < 4, let digit = digit(peek) {
            value = value << 4 | digit
            index += 1
        }
        return index > start && digit(peek) == nil ? value : nil
    }

    private func digit(_ byte: UInt8) -> UInt128? {
        switch byte {
        case 0x30...0x39: UInt128(byte - 0x30)
        case 0x41...0x46: UInt128(byte - 0x37)
        case 0x61...0x66: UInt128(byte - 0x57)
        default: nil
        }
    }
}
