import CorpusCases
import NetTypes
import Ruleset

/// Packets by chance: most to the listeners, some past them, and what backends and clients say further.
struct RandomPackets {
    private var random: SeededGenerator
    private let farms: RandomFarms
    private static let stranger = Endpoint(address: IPAddress(v4: 0x0A00_01FE), port: 80)
    /// Each connection has a client's port of its own, at which nobody listens.
    private var nextPort: UInt16 = 8025

    init(_ random: SeededGenerator, to farms: RandomFarms) { (self.random, self.farms) = (random, farms) }

    /// Packets of connections that nobody knows yet.
    mutating func openings(_ count: Int) -> [Packet] {
        (0..<count).map { _ in
            random.chance(8) ? unasked() : opening()
        }
    }

    private mutating func opening() -> Packet {
        let listener = random.pick(farms.listeners)
        var destination = Endpoint(
            address: listener.address, port: UInt16(random.number(Int(listener.ports.first)...Int(listener.ports.last))))
        if random.chance(6) { destination.port = random.chance(50) ? listener.ports.last + 1 : listener.ports.first - 1 }
        let transport: TransportProtocol = random.chance(95) ? listener.transport : listener.transport == .tcp ? .udp : .tcp
        let isOwn = CorpusHost.addresses.contains(listener.address)
        return packet(to: destination, transport, isFromHost: isOwn && random.chance(30))
    }

    private mutating func packet(to destination: Endpoint, _ transport: TransportProtocol, isFromHost: Bool) -> Packet {
        let front = CorpusHost.devices[0]
        var packet = Packet(
            source: Endpoint(address: isFromHost ? destination.address : client(destination.address.family), port: port()),
            destination: destination, transport: transport, isFromHost: isFromHost)
        if !isFromHost {
            (packet.device, packet.destinationMAC) = (front.link.name, front.mac)
            packet.sourceMAC = random.chance(60) ? CorpusHost.clientMAC : MACAddress("02:00:00:00:aa:0\(random.number(0...9))")
        }
        if transport == .tcp { packet.flags = flags() }
        // Without a checksum a datagram is legal in IPv4 only (RFC 8200 § 8.1).
        if transport == .udp { packet.hasChecksum = destination.address.family == .ipv6 || random.chance(80) }
        return packet
    }

    private mutating func flags() -> TCPFlags {
        random.chance(70) ? .syn : random.pick([.ack, [.psh, .ack], .rst, [.fin, .ack], [.syn, .ack], [.syn, .fin], [], [.rst, .ack]])
    }

    private mutating func client(_ family: AddressFamily) -> IPAddress {
        let last = UInt32(random.number(2...40))
        return family == .ipv6
            ? IPAddress(v6: 0x2001_0DB8_000C_0000, UInt64(last)) : IPAddress(v4: (random.chance(50) ? 0xC000_0200 : 0xC633_6400) + last)
    }

    private mutating func port() -> UInt16 {
        nextPort += UInt16(random.number(1...20))
        return nextPort
    }

    /// From a backend's port to a client that has asked for nothing.
    private mutating func unasked() -> Packet {
        let backend = random.pick(farms.backends.filter { !CorpusHost.addresses.contains($0.address) } + [Self.stranger])
        var packet = packet(
            to: Endpoint(address: client(backend.address.family), port: port()), random.chance(70) ? .tcp : .udp, isFromHost: false)
        packet.source = backend
        return packet.arriving(by: "back")
    }
}

extension RandomPackets {
    /// What follows, given where packets have ended: the backend answers.
    mutating func replies(to packets: [Packet], _ fates: [PacketFate]) -> [Packet] {
        zip(packets, fates).compactMap { packet, fate in
            guard case .translated(let backend, let source) = fate,
                packet.transport == .udp || packet.transport == .tcp && packet.flags == .syn,
                !CorpusHost.addresses.contains(backend.address), random.chance(40)
            else { return nil }
            var reply = packet
            reply.isFromHost = false
            (reply.source, reply.destination.port) = (backend, packet.source.port)
            reply.flags = [.syn, .ack]
            switch source {
            case nil: reply.destination.address = packet.source.address
            case .address(let own): reply.destination.address = own
            case .masquerade:
                let device = backend.address.isBehindSide ? CorpusHost.devices[2] : CorpusHost.devices[1]
                guard let own = device.addresses.compactMap({ IPAddress($0) }).first(where: { $0.family == packet.family }) else {
                    return nil
                }
                reply.destination.address = own
            }
            return reply.arriving(by: backend.address.isBehindSide ? "side" : "back")
        }
    }

    /// And the client says more, of connections that have been answered or that nobody remembers.
    mutating func furtherPackets(of packets: [Packet], _ fates: [PacketFate], answered: Set<Endpoint>) -> [Packet] {
        zip(packets, fates).compactMap { packet, fate in
            var next = packet
            next.flags = random.pick([.ack, [.psh, .ack]])
            switch fate {
            case .translated where answered.contains(packet.source): return random.chance(60) ? next : nil
            case .forwarded, .rewritten: return random.chance(20) ? next : nil
            default: return nil
            }
        }
    }
}

extension Packet {
    fileprivate func arriving(by name: String) -> Packet {
        guard let device = CorpusHost.device(named: name) else { preconditionFailure("a device of the host") }
        var packet = self
        (packet.device, packet.sourceMAC, packet.destinationMAC) = (name, device.gateway.mac, device.mac)
        return packet
    }
}

extension IPAddress {
    fileprivate var isBehindSide: Bool {
        family == .ipv4 ? octets.starts(with: [10, 0, 2]) : octets.starts(with: [0xFD, 0, 0, 2])
    }
}
