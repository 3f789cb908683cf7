import NetTypes
import Ruleset

/// A packet of a case as a frame: a TCP segment, a datagram or an INIT of SCTP, with a number in it that survives translation and comes back in refusals.
struct Probe {
    let packet: Packet
    /// A multiple of 16: a reset may name one of the numbers after it.
    let number: UInt32

    static let timeToLive: UInt8 = 64
    /// Tells our segments from the kernel's: its resets have 0.
    static let window: UInt16 = 0x7210

    var frame: [UInt8] {
        let ethertype: UInt16 = packet.family == .ipv4 ? 0x0800 : 0x86DD
        return (packet.destinationMAC?.octets ?? []) + (packet.sourceMAC?.octets ?? []) + ethertype.octets + networkPacket
    }

    var networkPacket: [UInt8] { packet.reporter.map(report) ?? networkHeader + transportSegment }

    /// "Packet too big", for an MTU of 1 280, about what the listener has sent: the packet turned round.
    private func report(_ reporter: IPAddress) -> [UInt8] {
        var answer = packet
        (answer.source, answer.destination, answer.reporter) = (packet.destination, packet.source, nil)
        let isV4 = packet.family == .ipv4
        let quote = Probe(packet: answer, number: number).networkPacket
        let ends = reporter.octets + packet.destination.address.octets
        func message(_ checksum: [UInt8]) -> [UInt8] { (isV4 ? [3, 4] : [2, 0]) + checksum + [0, 0, 5, 0] + quote }
        let bare = message([0, 0])
        let pseudoHeader = isV4 ? [] : ends + [0, 0] + UInt16(bare.count).octets + [0, 0, 0, 58]
        let body = message(InternetChecksum(of: pseudoHeader + bare).value)
        guard isV4 else { return [0x60, 0, 0, 0] + UInt16(body.count).octets + [58, Self.timeToLive] + ends + body }
        func header(_ checksum: [UInt8]) -> [UInt8] {
            [0x45, 0] + UInt16(body.count + 20).octets + [0, 1, 0x40, 0, Self.timeToLive, 1] + checksum + ends
        }
        return header(InternetChecksum(of: header([0, 0])).value) + body
    }

    private var addresses: [UInt8] { packet.source.address.octets + packet.destination.address.octets }

    private var networkHeader: [UInt8] {
        let length = UInt16(segment(checksum: [0, 0]).count)
        let (timeToLive, transport) = (Self.timeToLive, packet.transport.rawValue)
        guard packet.family == .ipv4 else { return [0x60, 0, 0, 0] + length.octets + [transport, timeToLive] + addresses }
        func header(_ checksum: [UInt8]) -> [UInt8] {
            [0x45, 0] + (length + 20).octets + [0, 1, 0x40, 0, timeToLive, transport] + checksum + addresses
        }
        return header(InternetChecksum(of: header([0, 0])).value)
    }

    private var transportSegment: [UInt8] {
        let bare = segment(checksum: [0, 0])
        switch packet.transport {
        case .sctp: return segment(checksum: CyclicChecksum.value(of: bare))
        case .icmp: return segment(checksum: InternetChecksum(of: bare).value)
        case .gre, .esp: return bare
        default: break
        }
        guard packet.transport == .tcp || packet.hasChecksum else { return bare }
        let checksum = InternetChecksum(of: bare, packet.transport, addresses: addresses).value
        // RFC 768: a datagram whose sum is 0 says so by all ones, since 0 stands for none.
        return segment(checksum: packet.transport == .udp && checksum == [0, 0] ? [0xFF, 0xFF] : checksum)
    }

    private func segment(checksum: [UInt8]) -> [UInt8] {
        let ports = packet.source.port.octets + packet.destination.port.octets
        return switch packet.transport {
        case .tcp: ports + number.octets + number.octets + [0x50, packet.flags.rawValue] + Self.window.octets + checksum + [0, 0]
        case .udp: ports + UInt16(12).octets + checksum + number.octets
        // RFC 9260 § 3.3.2: an INIT has tag 0 and brings its own; our number stands for the first TSN.
        case .sctp:
            ports + [0, 0, 0, 0] + (checksum.count == 4 ? checksum : [0, 0, 0, 0]) + [1, 0, 0, 20] + UInt32(Self.window).octets
                + UInt32(65535).octets + [0, 1, 0, 1] + number.octets
        // Echo requests, an IPv4 packet to be, and what looks like a cipher.
        case .icmp: [8, 0] + checksum + Self.window.octets + [0, 1] + number.octets
        case .icmp6: [128, 0] + checksum + Self.window.octets + [0, 1] + number.octets
        case .gre: [0, 0, 8, 0] + number.octets + Self.window.octets
        case .esp: UInt32(Self.window).octets + [0, 0, 0, 1] + number.octets
        case .all: []
        }
    }
}
