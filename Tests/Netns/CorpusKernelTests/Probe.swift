import NetTypes
import Ruleset

/// A packet of a case as a frame: a TCP SYN or a datagram, with a number in it that survives translation and comes back in refusals.
struct Probe {
    let packet: Packet
    /// A multiple of 16: a reset acknowledges the number after it.
    let number: UInt32

    var frame: [UInt8] {
        let ethertype: UInt16 = packet.family == .ipv4 ? 0x0800 : 0x86DD
        let (destination, source) = (packet.destinationMAC?.octets ?? [], packet.sourceMAC?.octets ?? [])
        return destination + source + ethertype.octets + networkHeader + transportSegment
    }

    private var addresses: [UInt8] { packet.source.address.octets + packet.destination.address.octets }

    private var networkHeader: [UInt8] {
        let length = UInt16(segment(checksum: [0, 0]).count)
        let (timeToLive, transport): (UInt8, UInt8) = (64, packet.transport.rawValue)
        guard packet.family == .ipv4 else { return [0x60, 0, 0, 0] + length.octets + [transport, timeToLive] + addresses }
        func header(_ checksum: [UInt8]) -> [UInt8] {
            [0x45, 0] + (length + 20).octets + [0, 1, 0x40, 0, timeToLive, transport] + checksum + addresses
        }
        var checksum = InternetChecksum()
        checksum.add(header([0, 0]))
        return header(checksum.value)
    }

    private var transportSegment: [UInt8] {
        let bare = segment(checksum: [0, 0])
        var checksum = InternetChecksum()
        checksum.add(addresses)
        checksum.add(UInt16(packet.transport.rawValue).octets + UInt16(bare.count).octets)
        checksum.add(bare)
        return segment(checksum: checksum.value)
    }

    private func segment(checksum: [UInt8]) -> [UInt8] {
        let ports = packet.source.port.octets + packet.destination.port.octets
        return switch packet.transport {
        case .tcp: ports + number.octets + [0, 0, 0, 0, 0x50, 0x02, 0x72, 0x10] + checksum + [0, 0]
        case .udp: ports + UInt16(12).octets + checksum + number.octets
        }
    }
}
