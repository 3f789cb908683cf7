import NetTypes

/// The addresses from one to another of the same family, both included.
public struct AddressRange: Sendable, Hashable, Comparable, CustomStringConvertible {
    public let first: IPAddress
    public let last: IPAddress

    /// Nil when the bounds are reversed or of two families.
    public init?(_ first: IPAddress, _ last: IPAddress) {
        guard first.family == last.family, first <= last else { return nil }
        (self.first, self.last) = (first, last)
    }

    public init(_ address: IPAddress) { (first, last) = (address, address) }

    /// Bounds known to be in order.
    private init(from first: IPAddress, to last: IPAddress) { (self.first, self.last) = (first, last) }

    public var family: AddressFamily { first.family }
    public func contains(_ address: IPAddress) -> Bool { first <= address && address <= last }

    /// The same addresses in as few ranges as possible: sorted, disjoint, IPv4 before IPv6.
    public static func canonical(_ ranges: some Sequence<AddressRange>) -> [AddressRange] {
        var result: [AddressRange] = []
        for range in ranges.sorted() {
            if let before = result.last, before.reaches(range.first) {
                result[result.count - 1] = AddressRange(from: before.first, to: max(before.last, range.last))
            } else {
                result.append(range)
            }
        }
        return result
    }

    /// Whether an address that is not before the range lies in it or right behind it.
    private func reaches(_ address: IPAddress) -> Bool {
        address.family == family && (address <= last || address.precededBy(last))
    }

    /// `192.0.2.7` or `192.0.2.0-192.0.2.255`
    public var description: String { first == last ? "\(first)" : "\(first)-\(last)" }
    public static func < (left: Self, right: Self) -> Bool { (left.first, left.last) < (right.first, right.last) }
}

extension IPAddress {
    /// Whether the other address is the one before this; both of one family, this the larger.
    fileprivate func precededBy(_ other: IPAddress) -> Bool { bits - other.bits == 1 }

    /// The address as a number; of an IPv4 address the low 32 bits are used.
    public var bits: UInt128 { octets.reduce(0) { $0 << 8 | UInt128($1) } }

    /// The low 32 bits are those of an IPv4 address.
    public init(_ family: AddressFamily, bits: UInt128) {
        switch family {
        case .ipv4: self.init(v4: UInt32(truncatingIfNeeded: bits))
        case .ipv6: self.init(v6: UInt64(truncatingIfNeeded: bits >> 64), UInt64(truncatingIfNeeded: bits))
        }
    }
}
