import NetTypes

/// An echo request and its reply (RFC 792, RFC 4443 § 4).
///
/// On unprivileged sockets the kernel writes the identifier and gives us only replies to it; on raw ones every reply of the peer comes by. So
/// what tells ours apart is a token of 64 bits that the reply has to echo, beside the sequence number and, where it is ours, the identifier.
struct ICMPExchange: ProbeExchange {
    /// Replies to others that are looked at; more would hold up the loop.
    static let mostReplies = 1024
    private static let headerLength = 8

    private let family: AddressFamily
    private let token: UInt64
    private var sequence: UInt16 = 0
    private var count = 0

    init(_ family: AddressFamily, token: UInt64) { (self.family, self.token) = (family, token) }

    private var identifier: UInt16 { UInt16(truncatingIfNeeded: token >> 16) }

    mutating func opened() -> ProbeStep {
        sequence &+= 1
        var message: [UInt8] = [family == .ipv4 ? 8 : 128, 0, 0, 0]
        for field in [identifier, sequence] { message += [UInt8(field >> 8), UInt8(field & 0xFF)] }
        message += tokenOctets
        // ICMPv6's covers addresses that the kernel chooses, so the kernel writes it (RFC 3542 § 3.1).
        if family == .ipv4 {
            let sum = Self.checksum(message)
            (message[2], message[3]) = (UInt8(sum >> 8), UInt8(sum & 0xFF))
        }
        return .send(message)
    }

    mutating func received(_ bytes: Span<UInt8>) -> ProbeStep {
        count += 1
        if isOurs(bytes) { return .done(.success("echo reply")) }
        return count == Self.mostReplies ? .done(.silence("no echo reply among \(count) to others")) : .wait
    }

    func closed() -> ProbeOutcome { .silence("closed") }
    func expired() -> ProbeOutcome { .silence("no echo reply") }

    private var tokenOctets: [UInt8] { (0..<8).map { UInt8(truncatingIfNeeded: token >> UInt64(56 - 8 * $0)) } }

    private func isOurs(_ bytes: Span<UInt8>) -> Bool {
        // Raw IPv4 sockets give the IP header too; no ICMP message that gets here has a type of 64–79.
        let hasHeader = family == .ipv4 && bytes[0] >> 4 == 4
        let start = hasHeader ? Int(bytes[0] & 0xF) * 4 : 0
        guard bytes.count >= start + Self.headerLength + 8 else { return false }
        func field(_ offset: Int) -> UInt16 { UInt16(bytes[start + offset]) << 8 | UInt16(bytes[start + offset + 1]) }
        guard bytes[start] == (family == .ipv4 ? 0 : 129), bytes[start + 1] == 0, field(6) == sequence else { return false }
        guard !hasHeader || field(4) == identifier else { return false }
        let token = tokenOctets
        return token.indices.allSatisfy { bytes[start + Self.headerLength + $0] == token[$0] }
    }

    /// Ones' complement of the ones' complement sum (RFC 1071); of an even number of bytes.
    static func checksum(_ bytes: [UInt8]) -> UInt16 {
        var sum = stride(from: 0, to: bytes.count - 1, by: 2).reduce(UInt32(0)) { $0 + UInt32(bytes[$1]) << 8 + UInt32(bytes[$1 + 1]) }
        while sum > 0xFFFF { sum = sum & 0xFFFF + sum >> 16 }
        return ~UInt16(sum)
    }
}
