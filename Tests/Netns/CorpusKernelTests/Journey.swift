import CorpusCases
import Glibc
import NetTypes
import Ruleset
import Synchronization
import TestNamespaces

/// Sends packets through the balancer and watches where they come out.
struct Journey {
    let lab: Lab
    /// Who has which MAC, beside the gateways.
    let neighbours: [IPAddress: MACAddress]
    private let traces: PacketTraces
    private static let repetitions = 64

    /// In the balancer's namespace, of the calling thread.
    static func run<Value>(_ lab: Lab, nextHops: [IPAddress: NextHop] = [:], _ body: (Journey) throws -> Value) throws -> Value {
        for (address, hop) in nextHops {
            try Shell.run("ip neigh replace \(address) lladdr \(hop.destination) dev \(hop.device.name) nud permanent")
        }
        try Shell.run("conntrack -F")
        try PacketTraces.install(on: CorpusHost.devices.map(\.link.name))
        let result = Result {
            try body(Journey(lab: lab, neighbours: nextHops.mapValues(\.destination), traces: try PacketTraces()))
        }
        try PacketTraces.remove()
        return try result.get()
    }

    /// For each line what became of its packet, in the words of the corpus; of several copies where there is a choice.
    func fates(of lines: [PacketLine]) throws -> [[String]] {
        var taken: Set<Packet> = Set(lines.map(\.packet))
        let copies = lines.map { line in
            [line.packet] + (line.ways.count > 1 ? Self.copies(of: line.packet, sparing: &taken) : [])
        }
        var ends = try fates(of: copies.flatMap { $0 })[...]
        return copies.map { copies in
            defer { ends = ends.dropFirst(copies.count) }
            return Array(ends.prefix(copies.count))
        }
    }

    /// Packets of as many connections, none of which another packet belongs to.
    private static func copies(of packet: Packet, sparing taken: inout Set<Packet>) -> [Packet] {
        var (copy, copies) = (packet, [Packet]())
        while copies.count < repetitions - 1 {
            copy.source.port = copy.source.port == .max ? 1024 : copy.source.port + 1
            if taken.insert(copy).inserted { copies.append(copy) }
        }
        return copies
    }

    /// One after the other, with nothing in between.
    func fates(of packets: [Packet]) throws -> [String] { try ends(of: packets).map(\.fate) }

    /// What became of a packet, in the words of the corpus, and the rules that the kernel says it met.
    struct End: Sendable {
        let fate: String
        let rules: [RulePlace]
    }

    /// `apart`: what passes between two packets.
    func ends(of packets: [Packet], apart: Duration = .zero) throws -> [End] {
        let probes = packets.map { Probe(packet: $0, number: Self.newNumber()) }
        let seen = try send(probes, apart)
        let (table, traces) = (try ConntrackTable(), try traces.read())
        return probes.map { probe in
            let trace = traces[probe.number] ?? PacketTraces.Trace()
            return End(fate: fate(of: probe.packet, seen[probe.number] ?? [], trace.delivered, table), rules: trace.rules)
        }
    }

    /// No number comes twice: refusals may be seconds late.
    private static func newNumber() -> UInt32 { numbers.add(16, ordering: .relaxed).newValue }
    private static let numbers = Atomic<UInt32>(0)

    /// Sightings by the numbers of the probes.
    private func send(_ probes: [Probe], _ apart: Duration) throws -> [UInt32: [Sighting]] {
        // Sent last: when it has come through, so has everything before it.
        let sentinel = Probe(packet: Self.sentinel, number: Self.newNumber())
        for wire in lab.wires.values { _ = wire.received() }
        for probe in probes {
            try send(probe)
            usleep(UInt32(apart.components.attoseconds / 1_000_000_000_000))
        }
        try send(sentinel)
        var (sightings, isThrough): ([UInt32: [Sighting]], Bool) = ([:], false)
        for _ in 0..<200 where !isThrough || sightings.count < probes.count {
            // A packet that is dropped never comes: behind the sentinel there is one more look, for what another CPU still has.
            let wasThrough = isThrough
            Wire.wait(Array(lab.wires.values), milliseconds: 10)
            for sighting in lab.wires.values.flatMap(sightings(on:)) {
                let number = sighting.number / 16 * 16
                if number == sentinel.number { isThrough = true } else { sightings[number, default: []].append(sighting) }
            }
            if wasThrough { break }
        }
        guard isThrough else { throw TestFault("nothing passes the balancer") }
        return sightings
    }

    private func send(_ probe: Probe) throws {
        if probe.packet.isFromHost { return try RawSocket.send(probe) }
        guard let wire = probe.packet.device.flatMap({ lab.wires[$0] }) else { throw TestFault("no wire for \(probe.packet)") }
        try wire.send(probe.frame)
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
