import NetTypes
import TestNamespaces

/// A packet of SCTP with one chunk (RFC 9260 § 3).
struct SCTPPacket: Equatable {
    enum Chunk: UInt8 {
        case data = 0
        case initiation = 1
        case initiationAck = 2
        case cookieEcho = 10
        case cookieAck = 11
    }

    var source: UInt16
    var destination: UInt16
    var tag: UInt32
    var chunk: Chunk
    var value: [UInt8]

    /// The body of INIT and INIT ACK: the sender's tag, and the least else.
    static func offer(tag: UInt32) -> [UInt8] { octets(tag) + octets(UInt32(65535)) + [0, 1, 0, 1] + octets(UInt32(1)) }

    init(_ chunk: Chunk, from source: UInt16, to destination: UInt16, tag: UInt32, _ value: [UInt8]) {
        (self.source, self.destination, self.tag, self.chunk, self.value) = (source, destination, tag, chunk, value)
    }

    /// Nil for anything else; with a wrong checksum also, as any receiver would have it.
    init?(_ octets: [UInt8]) {
        func number(_ range: Range<Int>) -> UInt32 { octets[range].reduce(0) { $0 << 8 | UInt32($1) } }
        guard octets.count >= 16, CyclicChecksum.isRight(in: octets), let chunk = Chunk(rawValue: octets[12]) else { return nil }
        let length = Int(number(14..<16))
        guard length >= 4, 12 + length <= octets.count else { return nil }
        self.init(
            chunk, from: UInt16(number(0..<2)), to: UInt16(number(2..<4)), tag: number(4..<8), Array(octets[16..<12 + length]))
    }

    var octets: [UInt8] {
        let length = value.count + 4
        let padding = [UInt8](repeating: 0, count: (4 - length % 4) % 4)
        let chunk = [chunk.rawValue, 0, UInt8(length >> 8), UInt8(length & 255)] + value + padding
        let ports = [source, destination].flatMap { [UInt8($0 >> 8), UInt8($0 & 255)] } + Self.octets(tag)
        return ports + CyclicChecksum.value(of: ports + [0, 0, 0, 0] + chunk) + chunk
    }

    private static func octets(_ number: UInt32) -> [UInt8] { withUnsafeBytes(of: number.bigEndian, Array.init) }
}

/// One end of SCTP where the kernel has none: whoever reads it plays the protocol.
struct SCTPSocket: Sendable {
    private let socket: RawIPSocket

    /// In the namespace of the calling thread, at one of its addresses.
    init(at address: IPAddress) throws { socket = try RawIPSocket(Int32(TransportProtocol.sctp.rawValue), at: address.description) }

    func send(_ packet: SCTPPacket, to address: IPAddress) throws { try socket.send(packet.octets, to: address.description) }

    /// The next packet, with where it is from. What comes with a wrong checksum throws.
    func receive(within milliseconds: Int32 = 2000) throws -> (packet: SCTPPacket, from: IPAddress)? {
        guard let (octets, source) = try socket.receive(within: milliseconds) else { return nil }
        guard let packet = SCTPPacket(octets), let from = IPAddress(source) else {
            throw TestFault("a packet that is none of SCTP, or has a wrong checksum")
        }
        return (packet, from)
    }
}
