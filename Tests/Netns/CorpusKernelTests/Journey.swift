import CorpusCases
import NetTypes
import Ruleset
import TestNamespaces

/// Sends packets through the balancer and watches where they come out.
struct Journey {
    private let lab: Lab
    /// Sent last: when it has come through, so has everything before it.
    private static let sentinelNumber: UInt32 = 0xFFFF_FF00
    private static let repetitions = 64

    /// To be made, and used, in the balancer's namespace.
    init(_ lab: Lab) { self.lab = lab }

    /// For each line what became of its packet, in the words of the corpus; of several copies where there is a choice.
    func fates(of lines: [PacketLine]) throws -> [[String]] {
        var ends = lines.map { _ in [String]() }
        for round in rounds(lines) {
            // Connections that conntrack knows would go where their first packet went.
            try Shell.run("conntrack -F")
            let seen = try send(round.map(\.packet))
            for (index, entry) in round.enumerated() { ends[entry.line].append(fate(of: entry.packet, seen[index])) }
        }
        return ends
    }

    /// No two packets of a round belong to one connection.
    private func rounds(_ lines: [PacketLine]) -> [[(line: Int, packet: Packet)]] {
        var rounds: [[(line: Int, packet: Packet)]] = []
        var taken: [Set<[String]>] = []
        for (index, line) in lines.enumerated() {
            for packet in copies(line) {
                let connection = ["\(packet.source)", "\(packet.destination)", "\(packet.transport)"]
                let round = taken.firstIndex { !$0.contains(connection) } ?? taken.count
                if round == taken.count { (taken, rounds) = (taken + [[]], rounds + [[]]) }
                taken[round].insert(connection)
                rounds[round].append((index, packet))
            }
        }
        return rounds
    }

    private func copies(_ line: PacketLine) -> [Packet] {
        (0..<(line.ways.count > 1 ? Self.repetitions : 1)).map { copy in
            var packet = line.packet
            packet.source.port += UInt16(copy)
            return packet
        }
    }

    private func send(_ packets: [Packet]) throws -> [Int: [Sighting]] {
        for wire in lab.wires.values { _ = wire.received() }
        for (index, packet) in packets.enumerated() { try send(packet, number: UInt32(index + 1) * 16) }
        try send(Self.sentinel, number: Self.sentinelNumber)
        var (sightings, isThrough): ([Int: [Sighting]], Bool) = ([:], false)
        for _ in 0..<200 where !isThrough || sightings.count < packets.count {
            // A packet that is dropped never comes: behind the sentinel there is one more look, for what another CPU still has.
            let wasThrough = isThrough
            Wire.wait(Array(lab.wires.values), milliseconds: 10)
            for sighting in lab.wires.values.flatMap(sightings(on:)) {
                if sighting.number == Self.sentinelNumber {
                    isThrough = true
                    continue
                }
                sightings[Int(sighting.number / 16) - 1, default: []].append(sighting)
            }
            if wasThrough { break }
        }
        guard isThrough else { throw TestFault("nothing passes the balancer") }
        return sightings
    }

    private func send(_ packet: Packet, number: UInt32) throws {
        guard let wire = packet.device.flatMap({ lab.wires[$0] }) else { throw TestFault("no wire for \(packet)") }
        try wire.send(Probe(packet: packet, number: number).frame)
    }

    private func sightings(on wire: Wire) -> [Sighting] { wire.received().compactMap { Sighting($0, device: wire.device) } }

    private static var sentinel: Packet {
        let front = CorpusHost.devices[0]
        return Packet(
            device: front.link.name, sourceMAC: CorpusHost.clientMAC, destinationMAC: front.mac,
            source: Endpoint(address: IPAddress(v4: 0xC000_02FE), port: 9),
            destination: Endpoint(address: IPAddress(v4: 0xC612_0001), port: 9), transport: .udp)
    }
}

extension Journey {
    private func fate(of packet: Packet, _ sightings: [Sighting]?) -> String {
        guard let sighting = sightings?.first else { return PacketFate.dropped.words }
        guard sightings?.count == 1 else { return "seen \(sightings?.count ?? 0) times" }
        switch sighting.kind {
        case .reset: return PacketFate.rejected(.tcpReset).words
        case .unreachable(3, 13), .unreachable(1, 1): return PacketFate.rejected(.administrativelyProhibited).words
        case .unreachable(let type, let code): return "ICMP type \(type) code \(code)"
        case .packet(let source, let destination): return fate(of: packet, sighting, source, destination).words
        }
    }

    private func fate(of packet: Packet, _ sighting: Sighting, _ source: Endpoint, _ destination: Endpoint) -> PacketFate {
        guard let device = CorpusHost.device(named: sighting.device) else { preconditionFailure("wires are named after devices") }
        if sighting.destinationMAC != device.gateway.mac {
            return .forwarded(mac: sighting.destinationMAC, source: sighting.sourceMAC, device: device.link.index)
        }
        let isMasqueraded = device.addresses.contains { $0 == source.address.description }
        let translated: PacketFate.TranslatedSource? =
            source.address == packet.source.address ? nil : isMasqueraded ? .masquerade : .address(source.address)
        return destination == packet.destination && translated == nil ? .passed : .translated(to: destination, source: translated)
    }
}
