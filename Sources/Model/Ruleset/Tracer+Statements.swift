import NetTypes

extension Tracer {
    func step(_ statement: Statement, _ place: RulePlace, _ way: Way) -> [Effect] {
        switch statement {
        case .transport, .portWithin, .destinationTranslated, .destinationIsLocal, .tcpFlags, .connectionState:
            [holds(statement, way) ? Effect(way: way) : .miss(way)]
        case .inSet(let key, let set): look(up: key, in: set, place.table, way) { way, _ in Effect(way: way) }
        case .rate, .rateOver, .connectionsOver, .note, .remember, .forget: remembering(statement, place, way)
        case .verdictMap, .destinationNAT, .sourceNAT, .setMAC, .setAddress, .setPort, .setUncheckedPort, .forward, .forwardToNeighbour:
            mapped(statement, place.table, way)
        case .counter: [Effect(way: way)]
        case .unknown: [.miss(way)]
        case .notrack: [.changed(way, "not tracked") { $0.isUntracked = !$0.isTracked }]
        case .setMark(let mark): [Effect(way: way, words: "mark \(mark)")]
        case .assignHelper(let name): [Effect(way: way, words: "helper \(name)")]
        case .log(let prefix): [Effect(way: way, words: "log \"\(prefix)\"")]
        case .masquerade: [.changed(way, "masquerade") { ($0.source, $0.isDone) = (.masquerade, true) }]
        // nf_reject_ipv4.c: no reset answers a reset.
        case .reject(.tcpReset) where way.packet.flags.contains(.rst): [.ended(way, .dropped, "drop")]
        case .reject(let reason): [.ended(way, .rejected(reason), "reject")]
        case .verdict(let verdict): [self.verdict(verdict, way)]
        }
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
        case .transport(let transport): return packet.transport == transport
        case .portWithin(.source, let ports): return ports.contains(packet.source.port)
        case .portWithin(.destination, let ports): return ports.contains(packet.destination.port)
        case .destinationTranslated: return way.isTranslated && !way.isUntracked
        case .destinationIsLocal: return localAddresses.contains(packet.destination.address)
        case .tcpFlags(let flags, let mask): return packet.transport == .tcp && packet.flags.intersection(mask) == flags
        case .connectionState(let state): return way.connectionState == state
        default: preconditionFailure("only statements that ask the packet")
        }
    }
}
