import Glibc
import NetTypes
import Ruleset
import TestNamespaces

/// A packet of the client's, as no socket would send it.
struct Frame {
    var source: Endpoint
    var destination: Endpoint
    var transport = TransportProtocol.tcp
    var flags = TCPFlags.syn
    var sequence: UInt32 = 1
    var acknowledgement: UInt32 = 0
    /// Whom it is for: the balancer.
    var destinationMAC: [UInt8] = [2, 0, 0, 0, 0, 1]
    /// Of a VLAN (IEEE 802.1Q).
    var tag: UInt16?

    init(_ source: Endpoint, _ destination: Endpoint) { (self.source, self.destination) = (source, destination) }

    init?(_ source: String, to destination: String, _ flags: TCPFlags = .syn) {
        guard let source = Endpoint(source), let destination = Endpoint(destination) else { return nil }
        self.init(source, destination)
        self.flags = flags
    }

    var octets: [UInt8] {
        let family = source.address.family
        let label = tag.map { [0x81, 0] + octets($0) } ?? []
        let ethernet = destinationMAC + [2, 0, 0, 0, 1, 1] + label + (family == .ipv4 ? [8, 0] : [0x86, 0xDD])
        return ethernet + network(segment(checksum: 0).count) + segment(checksum: checksum)
    }

    private var addresses: [UInt8] { source.address.octets + destination.address.octets }

    private func network(_ length: Int) -> [UInt8] {
        guard source.address.family == .ipv4 else {
            return [0x60, 0, 0, 0] + octets(UInt16(length)) + [transport.rawValue, 64] + addresses
        }
        let header: [UInt8] = [0x45, 0] + octets(UInt16(length + 20)) + [0, 1, 0x40, 0, 64, transport.rawValue]
        return header + octets(Self.sum(header + addresses)) + addresses
    }

    private var checksum: UInt16 {
        let bare = segment(checksum: 0)
        return Self.sum(addresses + octets(UInt16(transport.rawValue)) + octets(UInt16(bare.count)) + bare)
    }

    private func segment(checksum: UInt16) -> [UInt8] {
        let ports = octets(source.port) + octets(destination.port)
        guard transport == .tcp else { return ports + octets(12) + octets(checksum) + [0x61, 0x62, 0x63, 0x64] }
        let numbers = [sequence, acknowledgement].flatMap { octets(UInt16($0 >> 16)) + octets(UInt16(truncatingIfNeeded: $0)) }
        return ports + numbers + [0x50, flags.rawValue, 0x72, 0x10] + octets(checksum) + [0, 0]
    }

    private func octets(_ number: UInt16) -> [UInt8] { [UInt8(number >> 8), UInt8(truncatingIfNeeded: number)] }

    /// RFC 1071
    private static func sum(_ octets: [UInt8]) -> UInt16 {
        var sum: UInt32 = 0
        for index in stride(from: 0, to: octets.count, by: 2) {
            sum += UInt32(octets[index]) << 8 | (index + 1 < octets.count ? UInt32(octets[index + 1]) : 0)
        }
        while sum > 0xFFFF { sum = sum & 0xFFFF + sum >> 16 }
        return ~UInt16(sum)
    }
}

/// The client's wire: a packet socket of the namespace of the thread that makes it.
final class Wire {
    private let descriptor: Int32
    private let address: [UInt8]

    init() throws {
        descriptor = socket(17, Int32(SOCK_RAW.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        // struct sockaddr_ll: family, protocol, index, hardware type, packet type, length, address.
        address =
            withUnsafeBytes(of: UInt16(17), Array.init) + [0, 0] + withUnsafeBytes(of: if_nametoindex("c0"), Array.init)
            + [0, 0, 0, 6] + [UInt8](repeating: 0, count: 8)
        guard descriptor >= 0 else { throw TestFault("no packet socket: errno \(errno)") }
    }

    deinit { close(descriptor) }

    /// Waits while the queue of the other end is full: a burst of thousands is faster than a busy machine takes it.
    func send(_ frame: [UInt8]) throws {
        var sent = transmit(frame)
        for _ in 0..<1_000 where sent < 0 && errno == ENOBUFS {
            usleep(1_000)
            sent = transmit(frame)
        }
        guard sent == frame.count else { throw TestFault("a frame was not sent: errno \(errno)") }
    }

    private func transmit(_ frame: [UInt8]) -> Int {
        address.withUnsafeBytes { address in
            sendto(descriptor, frame, frame.count, 0, address.baseAddress?.assumingMemoryBound(to: sockaddr.self), 20)
        }
    }
}

extension Network {
    /// Puts frames on the client's wire.
    func send(_ frames: some Sequence<Frame> & Sendable) throws {
        try client.inside {
            let wire = try Wire()
            for frame in frames { try wire.send(frame.octets) }
        }
    }
}
