import NetTypes

extension Tracer {
    func step(_ statement: Statement, _ place: RulePlace, _ way: Way) -> [Effect] {
        switch statement {
        case .transport, .portWithin, .destinationTranslated, .direction, .destinationIsLocal, .tcpFlags, .connectionState, .frameForOthers,
            .frame, .controlMessage, .errorReport, .neighbourDiscovery, .marked:
            [holds(statement, way) ? Effect(way: way) : .miss(way)]
        case .inSet(let key, let set): look(up: key, in: set, place.table, way) { way, _ in Effect(way: way) }
        case .rate, .rateOver, .connectionsOver, .note, .remember, .forget: remembering(statement, place, way)
        case .verdictMap, .destinationNAT, .sourceNAT, .setMAC, .setAddress, .setPort, .setUncheckedPort, .forward, .forwardToNeighbour,
            .setQuotedSource, .setQuotedPort:
            mapped(statement, place.table, way)
        case .setMACTo(let side, let mac): [way.setting(side, mac: mac.octets)]
        case .forwardOut(let device): [way.leaving(by: device.index)]
        case .counter: [Effect(way: way)]
        case .unknown: [.miss(way)]
        case .synProxy: [proxied(way)]
        case .notrack: [.changed(way, "not tracked") { $0.isUntracked = !$0.isTracked }]
        case .setMark(let mark): [.changed(way, "mark \(mark)") { $0.packet.mark |= mark }]
        case .clearMark(let bits): [.changed(way, "mark cleared") { $0.packet.mark &= ~bits }]
        case .assignHelper(let name): [Effect(way: way, words: "helper \(name)")]
        case .log(let prefix): [Effect(way: way, words: "log \"\(prefix)\"")]
        case .masquerade: [.changed(way, "masquerade") { ($0.source, $0.isDone) = (.masquerade, true) }]
        // nf_reject_ipv4.c: no reset answers a reset.
        case .reject(.tcpReset) where way.packet.flags.contains(.rst): [.ended(way, .dropped, "drop")]
        case .reject(let reason): [.ended(way, .rejected(reason), "reject")]
        case .verdict(let verdict): [self.verdict(verdict, way)]
        }
    }

    /// Nobody can know whether an ACK brings a right cookie: it is taken for one that does not.
    private func proxied(_ way: Way) -> Effect {
        if way.packet.flags.contains(.syn) { return .ended(way, .challenged, "SYN cookie") }
        return way.packet.flags.contains(.ack) ? .ended(way, .dropped, "no cookie, drop") : Effect(way: way)
    }

    private func verdict(_ verdict: RuleVerdict, _ way: Way) -> Effect {
        switch verdict {
        case .accept: .accept(way)
        case .drop: .ended(way, .dropped, "drop")
        case .jump(let chain): Effect(way: way, words: "jump \(chain)", target: chain)
        case .goto(let chain): .goto(chain, way)
        }
    }

    private func holds(_ match: Statement, _ way: Way) -> Bool {
        let packet = way.packet
        switch match {
        case .transport(let transport): return packet.transport == transport && packet.reporter == nil
        case .portWithin(.source, let ports): return ports.contains(packet.source.port) && packet.reporter == nil
        case .portWithin(.destination, let ports): return ports.contains(packet.destination.port) && packet.reporter == nil
        case .destinationTranslated: return way.isTranslated && !way.isUntracked
        // nft_ct.c: without an entry there is no direction.
        case .direction(let isReply): return way.isReply == isReply && ![.invalid, .untracked].contains(way.connectionState)
        case .destinationIsLocal: return localAddresses.contains(packet.destination.address)
        // Packets of the model that are icmpv6 are of other types.
        case .neighbourDiscovery: return false
        case .tcpFlags(let flags, let mask):
            return packet.transport == .tcp && packet.reporter == nil && packet.flags.intersection(mask) == flags
        case .connectionState(let state): return way.connectionState == state
        case .frameForOthers: return packet.isFlooded
        case .frame(let family): return packet.family == family
        case .marked(let bits): return packet.mark & bits != 0
        case .controlMessage(let family): return packet.reporter != nil && packet.family == family
        case .errorReport(let type, let family):
            return packet.reporter != nil && packet.family == family && type == Packet.errorType(family)
        default: preconditionFailure("only statements that ask the packet")
        }
    }
}
