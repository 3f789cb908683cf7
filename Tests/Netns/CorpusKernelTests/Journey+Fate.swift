import CorpusCases
import NetTypes
import Ruleset

extension Journey {
    /// What became of a packet, from where it was seen and what conntrack knows of it; what must not be is said in other words.
    func fate(of packet: Packet, _ sightings: [Sighting], _ delivered: TraceEvent.Headers?, _ table: ConntrackTable) -> String {
        if let report = sightings.first(where: { $0.report?.reporter == packet.reporter && packet.reporter != nil }) {
            return sightings.count == 1 ? fate(of: packet, report) : "\(sightings.count) copies"
        }
        let refusals = sightings.filter(\.isRefusal)
        // What the host says to itself is on its way still.
        let passes = sightings.filter { !$0.isRefusal && $0.device != Lab.loopback }
        // And its answer to what has reached it is not of our rules.
        if let delivered, passes.isEmpty { return localFate(of: packet, delivered).words }
        switch (passes.count, refusals.count) {
        case (1, 0): return fate(of: packet, passes[0], table)
        case (0, 1): return refusals[0].refusal
        case (0, 0): return PacketFate.dropped.words
        default:
            let places = passes.map { "seen at \($0.device) from \($0.source) to \($0.destination)" }
            return (places + refusals.map { "\($0.refusal) at \($0.device) from \($0.source) to \($0.destination)" }).joined(
                separator: ", ")
        }
    }

    private func fate(of packet: Packet, _ sighting: Sighting, _ table: ConntrackTable) -> String {
        let fate = fate(of: packet, sighting, isTracked: table.entry(of: packet) != nil, isReply: table.isReply(packet))
        let faults = faults(of: packet, sighting, fate)
        return faults.isEmpty ? fate.words : "\(fate.words), but \(faults.joined(separator: ", "))"
    }

    /// Of an ICMP error, whose flow is the packet's.
    private func fate(of packet: Packet, _ report: Sighting) -> String {
        guard let quoted = report.report, quoted.source == packet.source else { return "reports another flow" }
        let isSame = quoted.destination == packet.destination
        let fate: PacketFate =
            if !isSame {
                .rewritten(to: quoted.destination, from: packet.source, device: isAtGateway(report) ? nil : index(report))
            } else if isAtGateway(report) { .passed } else {
                .forwarded(mac: report.destinationMAC, source: report.sourceMAC, device: index(report))
            }
        let faults = faults(of: packet, report, fate)
        return faults.isEmpty ? fate.words : "\(fate.words), but \(faults.joined(separator: ", "))"
    }

    private func fate(of packet: Packet, _ sighting: Sighting, isTracked: Bool, isReply: Bool) -> PacketFate {
        let isSame = sighting.source == packet.source && sighting.destination == packet.destination
        // Sent through a farm's rules, it comes out as it went in, but for the TTL.
        if isSame, packet.departure != nil, !isAtGateway(sighting) {
            return .rewritten(to: sighting.destination, from: sighting.source, device: index(sighting))
        }
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

    /// The host stands at the end of the way: of what it sends, nothing has been rewritten without conntrack.
    private func localFate(of packet: Packet, _ delivered: TraceEvent.Headers) -> PacketFate {
        if !packet.isFromHost, delivered.source != packet.source {
            return .rewritten(to: delivered.destination, from: delivered.source, device: nil)
        }
        let source = translatedSource(of: packet, delivered.source.address)
        let isSame = delivered.destination == packet.destination && source == nil
        return isSame ? .passed : .translated(to: delivered.destination, source: source)
    }

    /// What is the matter with the frame, beyond where it went.
    private func faults(of packet: Packet, _ sighting: Sighting, _ fate: PacketFate) -> [String] {
        guard let device = CorpusHost.device(named: sighting.device) else { return [] }
        var faults = sighting.faults
        let isReport = packet.reporter != nil
        if !isReport, sighting.hasChecksum != (packet.transport == .tcp || packet.hasChecksum) { faults.append("a checksum came or went") }
        if !isReport, sighting.flags != (packet.transport == .tcp ? packet.flags : []) { faults.append("other flags") }
        if case .forwarded = fate {
            if sighting.timeToLive != Probe.timeToLive { faults.append("TTL \(sighting.timeToLive)") }
            return faults
        }
        let isSentOn = if case .rewritten(_, _, .some) = fate { true } else { !packet.isFromHost }
        if sighting.timeToLive != Probe.timeToLive - (isSentOn ? 1 : 0) { faults.append("TTL \(sighting.timeToLive)") }
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

private func translatedSource(of packet: Packet, _ source: IPAddress) -> PacketFate.TranslatedSource? {
    guard source != packet.source.address else { return nil }
    return CorpusHost.addresses.contains(source) ? .masquerade : .address(source)
}
