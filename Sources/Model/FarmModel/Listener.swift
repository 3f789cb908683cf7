import NetTypes

/// Address, protocol and ports at which a farm is reached.
public struct Listener: Sendable, Hashable, Comparable, CustomStringConvertible {
    public var address: IPAddress
    public var transport: TransportProtocol
    /// Sorted, without overlaps; empty for protocol all, and for no other.
    public var ports: [PortRange]

    public init(address: IPAddress, transport: TransportProtocol, ports: [PortRange]) {
        (self.address, self.transport, self.ports) = (address, transport, ports)
    }

    /// `203.0.113.10:80,443/tcp`, `203.0.113.10/all`
    public var description: String {
        guard !ports.isEmpty else { return "\(address.bracketed)/\(transport)" }
        return "\(address.bracketed):\(ports.map(\.description).joined(separator: ","))/\(transport)"
    }
    /// It takes whatever comes for its address, unless another listener has the port.
    public var isWhole: Bool { transport == .all }

    public static func < (left: Self, right: Self) -> Bool {
        if (left.address, left.transport) != (right.address, right.transport) {
            return (left.address, left.transport) < (right.address, right.transport)
        }
        return left.ports.lexicographicallyPrecedes(right.ports)
    }
}
