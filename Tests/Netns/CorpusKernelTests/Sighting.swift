import NetTypes
import Ruleset

/// A frame seen at the other end of a wire that belongs to one of our probes: which, and what has become of it.
struct Sighting {
    private enum Kind: Equatable {
        case packet
        case reset
        /// The answer to a SYN that is none of a server: the test has none.
        case challenge
        /// ICMP or ICMPv6 type and code.
        case unreachable(type: UInt8, code: UInt8)
    }

    let number: UInt32
    private let kind: Kind
    let source: Endpoint
    let destination: Endpoint
    let destinationMAC: MACAddress
    let sourceMAC: MACAddress
    /// Name of the balancer's device that it left by.
    let device: String
    let timeToLive: UInt8
    let flags: TCPFlags
    let hasChecksum: Bool
    /// An ICMP error: the router that sent it, and the flow of which it quotes a packet, as the client sees it.
    let report: (reporter: IPAddress, source: Endpoint, destination: Endpoint)?
    /// Wrong checksums.
    let faults: [String]

    init?(_ frame: [UInt8], device: String) {
        guard frame.count > 34, let destinationMAC = MACAddress(octets: frame[0..<6]), let sourceMAC = MACAddress(octets: frame[6..<12]),
            let packet = IPPacket(frame.dropFirst(14)), let (number, kind) = Self.kind(packet)
        else { return nil }
        (self.number, self.kind, self.device) = (number, kind, device)
        (self.destinationMAC, self.sourceMAC) = (destinationMAC, sourceMAC)
        (source, destination, timeToLive) = (packet.source, packet.destination, packet.timeToLive)
        (flags, hasChecksum) = (packet.flags, packet.hasChecksum)
        report = packet.quote.map { (packet.source.address, $0.destination, $0.source) }
        faults = kind == .packet || report != nil ? packet.faults : []
    }

    var isRefusal: Bool { kind != .packet }

    /// In the words of the corpus.
    var refusal: String {
        switch kind {
        case .packet: "no refusal"
        case .reset: "reject tcp-reset"
        case .challenge: "challenge"
        case .unreachable(3, 13), .unreachable(1, 1): "reject prohibited"
        case .unreachable(let type, let code): "ICMP type \(type) code \(code)"
        }
    }

    private static func kind(_ packet: IPPacket) -> (UInt32, Kind)? {
        if let number = packet.probeNumber { return (number, .packet) }
        let body = packet.body
        switch (packet.protocolNumber, body.count) {
        case (6, 20...):
            let (sequence, acknowledged) = (UInt32(octets: body[4..<8]), UInt32(octets: body[8..<12]))
            if packet.flags == [.syn, .ack] { return (acknowledged, .challenge) }
            guard packet.flags.contains(.rst) else { return nil }
            // RFC 9293 § 3.10.7.1: a reset takes its number from what it answers, or from what would have come next.
            return (packet.flags.contains(.ack) ? acknowledged : sequence, .reset)
        case (1, 36...), (58, 56...):
            guard let inner = IPPacket(body.dropFirst(8)), let (number, _) = kind(inner) else { return nil }
            return (number, .unreachable(type: body[0], code: body[1]))
        default: return nil
        }
    }
}
