/// The checksum of SCTP (RFC 9260, appendix A): CRC32c over the packet with zeros in its place, least significant octet first.
enum CyclicChecksum {
    private static let place = 8..<12

    static func value(of packet: [UInt8]) -> [UInt8] {
        var remainder = UInt32.max
        for octet in packet {
            remainder ^= UInt32(octet)
            for _ in 0..<8 { remainder = remainder & 1 == 1 ? remainder >> 1 ^ 0x82F6_3B78 : remainder >> 1 }
        }
        return withUnsafeBytes(of: (~remainder).littleEndian, Array.init)
    }

    static func isRight(in packet: [UInt8]) -> Bool {
        guard packet.count >= 12 else { return false }
        var bare = packet
        bare.replaceSubrange(place, with: [0, 0, 0, 0])
        return packet[place].elementsEqual(value(of: bare))
    }
}
