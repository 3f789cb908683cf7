import NetTypes

/// The balancer that every case runs on: its devices, with the index and MAC that each has in tables and in namespaces.
public enum CorpusHost {
    public struct Device: Sendable {
        public let link: NetworkDevice
        public let mac: MACAddress
        public let addresses: [String]
        /// Who sits at the other end of the wire.
        public let gateway: (mac: MACAddress, addresses: [String])
        /// Networks behind that gateway.
        public let routes: [String]
    }

    /// Clients; then the world, with listeners and most backends; then backends of another network.
    public static let devices = [
        device("front", 12, ["192.0.2.0/24", "198.51.100.0/24", "2001:db8:c::/48"]),
        device("back", 13, ["0.0.0.0/0", "::/0"]),
        device("side", 14, ["10.0.2.0/24", "fd00:2::/64"]),
    ]

    public static let addresses = Set(devices.flatMap(\.addresses).compactMap { IPAddress($0) })

    public static func device(named name: some StringProtocol) -> Device? { devices.first { $0.link.name == name } }

    /// The router that clients' frames come from, unless a packet names another MAC.
    public static let clientMAC = devices[0].gateway.mac

    /// Whom flooded frames are for: nobody here.
    static let strangerMAC = mac(0xFD, 1)

    private static func device(_ name: String, _ index: UInt8, _ routes: [String]) -> Device {
        Device(
            link: NetworkDevice(index: UInt32(index), name: name), mac: mac(0, index),
            addresses: ["172.16.\(index).1", "fd00:\(index)::1"],
            gateway: (mac(0xFE, index), ["172.16.\(index).254", "fd00:\(index)::fe"]), routes: routes)
    }

    private static func mac(_ kind: UInt8, _ number: UInt8) -> MACAddress {
        guard let mac = MACAddress(octets: [2, 0, 0, 0, kind, number]) else { preconditionFailure("six octets") }
        return mac
    }
}
