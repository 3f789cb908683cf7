import NetTypes
import Ruleset

/// An IP packet taken apart, as far as a sighting needs it.
struct IPPacket {
    let protocolNumber: UInt8
    let timeToLive: UInt8
    let source: Endpoint
    let destination: Endpoint
    let body: [UInt8]
    private let header: [UInt8]
    private let addresses: [UInt8]

    init?(_ octets: some Collection<UInt8>) {
        let octets = Array(octets)
        guard let version = octets.first.map({ $0 >> 4 }), version == 4 || version == 6 else { return nil }
        let (start, length) = version == 4 ? (12, 4) : (8, 16)
        let headerLength = version == 4 ? Int(octets[0] & 15) * 4 : 40
        guard octets.count >= headerLength + 8 else { return nil }
        protocolNumber = octets[version == 4 ? 9 : 6]
        timeToLive = octets[version == 4 ? 8 : 7]
        (header, body) = (Array(octets[..<headerLength]), Array(octets[headerLength...]))
        addresses = Array(octets[start..<start + 2 * length])
        guard let from = IPAddress(octets: addresses.prefix(length)), let to = IPAddress(octets: addresses.suffix(length)) else {
            return nil
        }
        let hasPorts = TransportProtocol(rawValue: protocolNumber)?.hasPorts ?? false
        source = Endpoint(address: from, port: hasPorts ? UInt16(UInt32(octets: body[0..<2])) : 0)
        destination = Endpoint(address: to, port: hasPorts ? UInt16(UInt32(octets: body[2..<4])) : 0)
    }

    /// Of a probe of ours; nil for anything else.
    var probeNumber: UInt32? {
        switch (protocolNumber, body.count) {
        case (6, 16...): body[14..<16].elementsEqual(Probe.window.octets) ? UInt32(octets: body[4..<8]) : nil
        case (17, 12...): UInt32(octets: body[8..<12])
        case (132, 32...): body[16..<20].elementsEqual(UInt32(Probe.window).octets) ? UInt32(octets: body[28..<32]) : nil
        case (1, 12...) where body[0] == 8, (58, 12...) where body[0] == 128: UInt32(octets: body[8..<12])
        case (47, 10...): body[8..<10].elementsEqual(Probe.window.octets) ? UInt32(octets: body[4..<8]) : nil
        case (50, 12...): body[0..<4].elementsEqual(UInt32(Probe.window).octets) ? UInt32(octets: body[8..<12]) : nil
        default: nil
        }
    }

    /// The packet that an ICMP error is about.
    var quote: IPPacket? {
        let isError = protocolNumber == 1 ? [3, 11, 12].contains(body[0]) : protocolNumber == 58 && body[0] < 128
        return isError ? IPPacket(body.dropFirst(8)) : nil
    }

    var flags: TCPFlags { protocolNumber == 6 && body.count > 13 ? TCPFlags(rawValue: body[13]) : [] }

    /// False for datagrams without one (RFC 768).
    var hasChecksum: Bool { protocolNumber != 17 || body[6] != 0 || body[7] != 0 }

    /// Checksums that are wrong.
    var faults: [String] {
        var faults: [String] = []
        if source.address.family == .ipv4, !InternetChecksum(of: header).isRight { faults.append("wrong header checksum") }
        if let transport = TransportProtocol(rawValue: protocolNumber), hasChecksum, !isRight(transport) {
            faults.append("wrong \(transport) checksum")
        }
        if let quote {
            let pseudoHeader = protocolNumber == 58 ? addresses + UInt32(body.count).octets + [0, 0, 0, 58] : []
            if !InternetChecksum(of: pseudoHeader + body).isRight { faults.append("wrong ICMP checksum") }
            if protocolNumber == 1, !InternetChecksum(of: quote.header).isRight { faults.append("wrong checksum of the quoted header") }
            if quote.source.address != destination.address { faults.append("quotes a packet of \(quote.source)") }
        }
        return faults
    }

    private func isRight(_ transport: TransportProtocol) -> Bool {
        switch transport {
        case .sctp: CyclicChecksum.isRight(in: body)
        case .icmp: InternetChecksum(of: body).isRight
        case .gre, .esp: true
        default: InternetChecksum(of: body, transport, addresses: addresses).isRight
        }
    }
}

extension UInt32 {
    init(octets: some Collection<UInt8>) { self = octets.reduce(0) { $0 << 8 | UInt32($1) } }
}
