import CorpusCases
import NetTypes
import Ruleset

extension Journey {
    /// What became of a packet, from where it was seen and what conntrack knows of it; what must not be is said in other words.
    func fate(of packet: Packet, _ sightings: [Sighting], _ table: ConntrackTable) -> String {
        let refusals = sightings.filter(\.isRefusal)
        let passes = sightings.filter { !$0.isRefusal }
        switch (passes.count, refusals.count) {
        case (1, 0): return fate(of: packet, passes[0], table)
        // The host's own answer to a packet that has reached it.
        case (1, _) where passes[0].device == Lab.loopback: return fate(of: packet, passes[0], table)
        case (0, let count) where count <= 1: return table.localFate(of: packet) ?? refusals.first?.refusal ?? PacketFate.dropped.words
        default: return "seen \(passes.count) times, refused \(refusals.count) times"
        }
    }

    private func fate(of packet: Packet, _ sighting: Sighting, _ table: ConntrackTable) -> String {
        let fate = fate(of: packet, sighting, isTracked: table.entry(of: packet) != nil, isReply: table.isReply(packet))
        let faults = faults(of: packet, sighting, fate)
        return faults.isEmpty ? fate.words : "\(fate.words), but \(faults.joined(separator: ", "))"
    }

    private func fate(of packet: Packet, _ sighting: Sighting, isTracked: Bool, isReply: Bool) -> PacketFate {
        let isSame = sighting.source == packet.source && sighting.destination == packet.destination
        guard !isSame else {
            return isAtGateway(sighting)
                ? .passed : .forwarded(mac: sighting.destinationMAC, source: sighting.sourceMAC, device: index(sighting))
        }
        if isReply { return .answered(to: sighting.destination, from: sighting.source) }
        guard isTracked else {
            let device = isAtGateway(sighting) ? nil : index(sighting)
            return .rewritten(to: sighting.destination, from: sighting.source, device: device)
        }
        return .translated(to: sighting.destination, source: translatedSource(of: packet, sighting.source.address))
    }

    /// What is the matter with the frame, beyond where it went.
    private func faults(of packet: Packet, _ sighting: Sighting, _ fate: PacketFate) -> [String] {
        guard let device = CorpusHost.device(named: sighting.device) else { return [] }
        var faults = sighting.faults
        if sighting.hasChecksum != (packet.transport == .tcp || packet.hasChecksum) { faults.append("a checksum came or went") }
        if sighting.flags != (packet.transport == .tcp ? packet.flags : []) { faults.append("other flags") }
        if case .forwarded = fate {
            if sighting.timeToLive != Probe.timeToLive { faults.append("TTL \(sighting.timeToLive)") }
            return faults
        }
        if sighting.timeToLive != Probe.timeToLive - (packet.isFromHost ? 0 : 1) { faults.append("TTL \(sighting.timeToLive)") }
        if sighting.sourceMAC != device.mac { faults.append("from \(sighting.sourceMAC)") }
        if case .rewritten(let to, _, .some) = fate, sighting.destinationMAC != neighbours[to.address] {
            faults.append("to \(sighting.destinationMAC)")
        }
        return faults
    }

    private func isAtGateway(_ sighting: Sighting) -> Bool {
        sighting.device == Lab.loopback || CorpusHost.device(named: sighting.device)?.gateway.mac == sighting.destinationMAC
    }

    private func index(_ sighting: Sighting) -> UInt32 { CorpusHost.device(named: sighting.device)?.link.index ?? 0 }
}

extension ConntrackTable {
    /// Of a packet that was not seen: what reached the host itself, which conntrack remembers.
    fileprivate func localFate(of packet: Packet) -> String? {
        guard let entry = entry(of: packet) else { return nil }
        guard CorpusHost.addresses.contains(entry.reply.source.address) else { return "lost behind conntrack" }
        let source = translatedSource(of: packet, entry.reply.destination.address)
        let isSame = entry.reply.source == packet.destination && source == nil
        return (isSame ? PacketFate.passed : .translated(to: entry.reply.source, source: source)).words
    }
}

private func translatedSource(of packet: Packet, _ source: IPAddress) -> PacketFate.TranslatedSource? {
    guard source != packet.source.address else { return nil }
    return CorpusHost.addresses.contains(source) ? .masquerade : .address(source)
}
