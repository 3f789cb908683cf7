#if canImport(Glibc)
    import Glibc
#endif

/// The address families that farms are built for.
public enum AddressFamily: UInt8, Sendable, Hashable, CaseIterable, Comparable {
    case ipv4 = 4
    case ipv6 = 6

    /// Octets of an address: 4 or 16.
    public var addressLength: Int { self == .ipv4 ? 4 : 16 }

    public static func < (left: AddressFamily, right: AddressFamily) -> Bool { left.rawValue < right.rawValue }
}

/// An IPv4 or IPv6 address, without zone and without prefix length.
///
/// Text follows RFC 4291 § 2.2 and is written as RFC 5952 says; IPv4 is dotted decimal only ("10.1" is refused).
public struct IPAddress: Sendable, Hashable {
    /// The 128 bits, most significant half first; an IPv4 address stands in the low 32 bits of `low`.
    private let high: UInt64
    private let low: UInt64
    // Last: what stands behind an address in another type then has room beside it, in tens of thousands of them.
    public let family: AddressFamily

    /// An IPv4 address has 32 bits and no more to tell: sets and dictionaries of thousands are asked for each verdict.
    public func hash(into hasher: inout Hasher) {
        hasher.combine(low)
        if family == .ipv6 { hasher.combine(high) }
    }

    public init(v4 bits: UInt32) {
        (family, high, low) = (.ipv4, 0, UInt64(bits))
    }

    public init(v6 high: UInt64, _ low: UInt64) {
        (family, self.high, self.low) = (.ipv6, high, low)
    }

    /// Reads 4 or 16 octets in network order; nil for any other count.
    public init?(octets: some Collection<UInt8>) {
        func number(_ part: some Sequence<UInt8>) -> UInt64 { part.reduce(0) { $0 << 8 | UInt64($1) } }
        switch octets.count {
        case 4: self.init(v4: UInt32(number(octets)))
        case 16: self.init(v6: number(octets.prefix(8)), number(octets.dropFirst(8)))
        default: return nil
        }
    }

    public init?(_ text: String) {
        var octets = [UInt8](repeating: 0, count: 16)
        if inet_pton(AF_INET, text, &octets) == 1 {
            self.init(octets: octets.prefix(4))
        } else if inet_pton(AF_INET6, text, &octets) == 1 {
            self.init(octets: octets)
        } else {
            return nil
        }
    }

    /// The address in network order, 4 or 16 octets.
    public var octets: [UInt8] {
        var result: [UInt8] = []
        result.reserveCapacity(family.addressLength)
        appendOctets(to: &result)
        return result
    }

    public func appendOctets(to bytes: inout [UInt8]) {
        if family == .ipv6 {
            for shift in stride(from: 56, through: 0, by: -8) { bytes.append(UInt8(truncatingIfNeeded: high >> UInt64(shift))) }
        }
        for shift in stride(from: family == .ipv6 ? 56 : 24, through: 0, by: -8) {
            bytes.append(UInt8(truncatingIfNeeded: low >> UInt64(shift)))
        }
    }

    /// 0.0.0.0 or ::
    public var isUnspecified: Bool { high == 0 && low == 0 }
    /// 224.0.0.0/4, 255.255.255.255 or ff00::/8: nothing that can be balanced.
    public var isMulticastOrBroadcast: Bool {
        family == .ipv4 ? low >> 28 == 0xE || low == 0xFFFF_FFFF : high >> 56 == 0xFF
    }
    /// 127.0.0.0/8 or ::1
    public var isLoopback: Bool { family == .ipv4 ? low >> 24 == 127 : high == 0 && low == 1 }
    /// fe80::/10: means nothing without a device.
    public var isLinkLocal6: Bool { family == .ipv6 && high >> 54 == 0x3FA }
}

extension IPAddress: CustomStringConvertible, Comparable {
    public var description: String {
        guard family == .ipv6 else { return dotted }
        var text = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
        _ = inet_ntop(AF_INET6, octets, &text, socklen_t(text.count))
        return String(decoding: text.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    /// "255.255.255.255" is as long as a string that needs no memory of its own: each probe by HTTP says one.
    private var dotted: String {
        String(unsafeUninitializedCapacity: 15) { text in
            var count = 0
            func put(_ octet: UInt8) {
                text[count] = octet
                count += 1
            }
            for shift: UInt64 in [24, 16, 8, 0] {
                let octet = UInt8(truncatingIfNeeded: low >> shift)
                if octet >= 100 { put(0x30 + octet / 100) }
                if octet >= 10 { put(0x30 + octet / 10 % 10) }
                put(0x30 + octet % 10)
                if shift > 0 { put(UInt8(ascii: ".")) }
            }
            return count
        }
    }

    /// As it stands before a colon and a port: IPv6 in brackets.
    public var bracketed: String { family == .ipv4 ? description : "[\(description)]" }

    public static func < (left: IPAddress, right: IPAddress) -> Bool {
        (left.family, left.high, left.low) < (right.family, right.high, right.low)
    }
}
