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

    public var family: AddressFamily { first.family }
    public func contains(_ address: IPAddress) -> Bool { first <= address && address <= last }

    /// `192.0.2.7` or `192.0.2.0-192.0.2.255`
    public var description: String { first == last ? "\(first)" : "\(first)-\(last)" }
    public static func < (left: Self, right: Self) -> Bool { (left.first, left.last) < (right.first, right.last) }
}
