import NetTypes

/// Address, protocol and ports at which a farm is reached.
public struct Listener: Sendable, Hashable, Comparable, CustomStringConvertible {
    public var address: IPAddress
    public var transport: TransportProtocol
    /// Sorted, without overlaps, never empty.
    public var ports: [PortRange]

    public init(address: IPAddress, transport: TransportProtocol, ports: [PortRange]) {
        (self.address, self.transport, self.ports) = (address, transport, ports)
    }

    /// `203.0.113.10:80,443/tcp`
    public var description: String {
        "\(address.bracketed):\(ports.map(\.description).joined(separator: ","))/\(transport)"
    }
    public static func < (left: Self, right: Self) -> Bool {
        if (left.address, left.transport) != (right.address, right.transport) {
            return (left.address, left.transport) < (right.address, right.transport)
        }
        return left.ports.lexicographicallyPrecedes(right.ports)
    }
}
