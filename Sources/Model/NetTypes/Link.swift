/// A 48-bit Ethernet address.
public struct MACAddress: Sendable, Hashable, Comparable, CustomStringConvertible {
    private let bits: UInt64

    /// Reads 6 octets; nil for any other count.
    public init?(octets: some Collection<UInt8>) {
        guard octets.count == 6 else { return nil }
        bits = octets.reduce(0) { $0 << 8 | UInt64($1) }
    }

    /// Reads `02:00:5e:10:00:01`, any case.
    public init?(_ text: String) {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        let octets = parts.compactMap { $0.count == 2 ? UInt8($0, radix: 16) : nil }
        guard octets.count == parts.count else { return nil }
        self.init(octets: octets)
    }

    public var octets: [UInt8] { (0..<6).map { UInt8(truncatingIfNeeded: bits >> UInt64(40 - 8 * $0)) } }
    /// 00:00:00:00:00:00, what a neighbour dump shows for an entry without an answer: never a destination.
    public var isZero: Bool { bits == 0 }
    /// The group bit of the first octet (IEEE 802.3 § 3.2.3): broadcast or multicast.
    public var isGroup: Bool { bits >> 40 & 1 == 1 }

    public var description: String {
        octets.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined(separator: ":")
    }
    public static func < (left: Self, right: Self) -> Bool { left.bits < right.bits }
}

/// A network device as the kernel numbers and names it.
public struct NetworkDevice: Sendable, Hashable, Comparable, CustomStringConvertible {
    /// ifindex, unique within a network namespace until the device is removed.
    public let index: UInt32
    public let name: String

    public init(index: UInt32, name: String) {
        (self.index, self.name) = (index, name)
    }

    public var description: String { name }
    public static func < (left: Self, right: Self) -> Bool { (left.index, left.name) < (right.index, right.name) }
}

/// What a frame to a directly connected host carries: the way of dsr.
public struct NextHop: Sendable, Hashable {
    /// The host's address on the link.
    public let destination: MACAddress
    /// The device that leads to it.
    public let device: NetworkDevice
    /// That device's own address.
    public let source: MACAddress
    /// Whether `destination` is also the next hop behind another device, as with VLANs of one trunk.
    public let isShared: Bool

    public init(destination: MACAddress, device: NetworkDevice, source: MACAddress, isShared: Bool = false) {
        (self.destination, self.device, self.source, self.isShared) = (destination, device, source, isShared)
    }

    /// What a frame names it by until it leaves: its MAC where that tells it from all others, else a group address, which nobody's own
    /// is, made of MAC and device. Of 10 000 such hops two have the same with a chance of 2 in 10 million.
    public var label: MACAddress {
        guard isShared else { return destination }
        let hash = (destination.octets + Array(device.name.utf8)).reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
        let octets = (0..<6).map { UInt8(truncatingIfNeeded: (hash ^ hash >> 32) >> UInt64(8 * $0)) }
        return MACAddress(octets: [octets[0] | 1] + octets[1...]) ?? destination
    }
}

extension [IPAddress: NextHop] {
    /// The same, with those marked that share a MAC behind different devices.
    public var tellingDevicesApart: Self {
        let devices = values.reduce(into: [MACAddress: Set<NetworkDevice>]()) { $0[$1.destination, default: []].insert($1.device) }
        return mapValues { hop in
            NextHop(
                destination: hop.destination, device: hop.device, source: hop.source, isShared: (devices[hop.destination]?.count ?? 0) > 1)
        }
    }
}
