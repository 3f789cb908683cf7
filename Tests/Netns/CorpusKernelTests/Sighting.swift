import NetTypes
import Ruleset

/// A frame seen at the other end of a wire that belongs to one of our probes: which, and what has become of it.
struct Sighting {
    enum Kind: Equatable {
        case packet(source: Endpoint, destination: Endpoint)
        case reset
        /// ICMP or ICMPv6 type and code.
        case unreachable(type: UInt8, code: UInt8)
    }

    let number: UInt32
    let kind: Kind
    let destinationMAC: MACAddress
    let sourceMAC: MACAddress
    /// Name of the balancer's device that it left by.
    let device: String

    init?(_ frame: [UInt8], device: String) {
        guard frame.count > 34, let destination = MACAddress(octets: frame[0..<6]), let source = MACAddress(octets: frame[6..<12]),
            let (number, kind) = IPPacket(frame.dropFirst(14)).flatMap(Self.kind)
        else { return nil }
        (self.number, self.kind, self.device) = (number, kind, device)
        (destinationMAC, sourceMAC) = (destination, source)
    }

    private static func kind(_ packet: IPPacket) -> (UInt32, Kind)? {
        let body = packet.body
        switch (packet.protocolNumber, body.count) {
        case (6, 20...):
            let flags = body[13]
            if flags & 0x04 != 0 { return (UInt32(octets: body[8..<12]) &- 1, .reset) }
            return flags & 0x02 == 0 ? nil : (UInt32(octets: body[4..<8]), .packet(source: packet.source, destination: packet.destination))
        case (17, 12...):
            return (UInt32(octets: body[8..<12]), .packet(source: packet.source, destination: packet.destination))
        case (1, 36...), (58, 56...):
            guard let inner = IPPacket(body.dropFirst(8)), let (number, _) = kind(inner) else { return nil }
            return (number, .unreachable(type: body[0], code: body[1]))
        default: return nil
        }
    }
}

/// The parts of an IP packet that a sighting needs.
private struct IPPacket {
    let protocolNumber: UInt8
    let source: Endpoint
    let destination: Endpoint
    let body: [UInt8]

    init?(_ octets: some Collection<UInt8>) {
        let octets = Array(octets)
        guard let version = octets.first.map({ $0 >> 4 }), version == 4 || version == 6 else { return nil }
        let (start, length) = version == 4 ? (12, 4) : (8, 16)
        let header = version == 4 ? Int(octets[0] & 15) * 4 : 40
        guard octets.count >= header + 8 else { return nil }
        protocolNumber = octets[version == 4 ? 9 : 6]
        body = Array(octets[header...])
        guard let from = IPAddress(octets: octets[start..<start + length]),
            let to = IPAddress(octets: octets[start + length..<start + 2 * length])
        else { return nil }
        source = Endpoint(address: from, port: UInt16(UInt32(octets: body[0..<2])))
        destination = Endpoint(address: to, port: UInt16(UInt32(octets: body[2..<4])))
    }
}

extension UInt32 {
    init(octets: some Collection<UInt8>) { self = octets.reduce(0) { $0 << 8 | UInt32($1) } }
}
