import NetTypes

extension Tracer {
    /// Actions on what a map answers.
    func mapped(_ statement: Statement, _ table: TableFamily, _ way: Way) -> [Effect] {
        func look(_ key: Key, _ map: String, then: (Way, [UInt8]) -> Effect) -> [Effect] {
            self.look(up: key, in: map, table, way, then: then)
        }
        switch statement {
        case .verdictMap(let key, let map):
            return look(key, map) { way, value in ElementTable.chain(value[...]).map { .goto($0, way) } ?? .accept(way) }
        case .destinationNAT(let family, let key, let map, let hasPort):
            return look(key, map) { $0.translatingDestination($1, family, hasPort: hasPort) }
        case .sourceNAT(let family, let key, let map, _): return look(key, map) { $0.translatingSource($1, family) }
        case .setMAC(let side, let key, let map): return look(key, map) { $0.setting(side, mac: $1) }
        case .setAddress(let side, let family, let key, let map): return look(key, map) { $0.setting(side, address: $1, family) }
        case .setPort(let side, let transport, let key, let map):
            let isMeant = way.packet.transport == transport && (transport != .udp || way.packet.hasChecksum)
            return isMeant ? look(key, map) { $0.setting(side, port: $1) } : [.miss(way)]
        case .setUncheckedPort(let side, let key, let map):
            let isMeant = way.packet.transport == .udp && !way.packet.hasChecksum
            return isMeant ? look(key, map) { $0.setting(side, port: $1) } : [.miss(way)]
        case .setQuotedSource(let family, let key, let map):
            return way.packet.reporter == nil ? [.miss(way)] : look(key, map) { $0.setting(.destination, address: $1, family) }
        case .setQuotedPort(_, let key, let map):
            return way.packet.reporter == nil ? [.miss(way)] : look(key, map) { $0.setting(.destination, port: $1) }
        case .forward(let key, let map): return look(key, map) { $0.leaving(by: hostNumber($1)) }
        case .forwardToNeighbour(let family, let key, let map):
            return way.packet.family == family ? look(key, map) { $0.leavingForNeighbour(by: hostNumber($1)) } : [.miss(way)]
        default: preconditionFailure("only statements with a map")
        }
    }
}

extension Way {
    fileprivate func translatingDestination(_ value: [UInt8], _ family: AddressFamily, hasPort: Bool) -> Effect {
        guard let address = IPAddress(octets: value.prefix(family.addressLength)) else { return .miss(self) }
        let backend = Endpoint(address: address, port: hasPort ? port(value.dropFirst(family.addressLength)) : packet.destination.port)
        return .changed(self, "dnat to \(backend)") {
            $0.packet.destination = backend
            ($0.isTranslated, $0.isDone) = (true, true)
        }
    }

    fileprivate func translatingSource(_ value: [UInt8], _ family: AddressFamily) -> Effect {
        guard let address = IPAddress(octets: value.prefix(family.addressLength)) else { return .miss(self) }
        return .changed(self, "snat to \(address)") { ($0.source, $0.isDone) = (.address(address), true) }
    }

    /// What the host sends has no frame before it leaves.
    func setting(_ side: Side, mac octets: [UInt8]) -> Effect {
        guard hasFrame, let mac = MACAddress(octets: octets) else { return .miss(self) }
        return .changed(self, "\(side) MAC \(mac)") {
            if side == .source { $0.packet.sourceMAC = mac } else { $0.packet.destinationMAC = mac }
        }
    }

    fileprivate func setting(_ side: Side, address octets: [UInt8], _ family: AddressFamily) -> Effect {
        guard packet.family == family, let address = IPAddress(octets: octets) else { return .miss(self) }
        return .changed(self, "\(side) \(address)") {
            if side == .source { $0.packet.source.address = address } else { $0.packet.destination.address = address }
        }
    }

    fileprivate func setting(_ side: Side, port octets: [UInt8]) -> Effect {
        let port = port(octets[...])
        return .changed(self, "\(side) port \(port)") {
            if side == .source { $0.packet.source.port = port } else { $0.packet.destination.port = port }
        }
    }

    func leaving(by device: UInt32) -> Effect {
        guard let mac = packet.destinationMAC, let source = packet.sourceMAC else { return .miss(self) }
        return .ended(self, .forwarded(mac: mac, source: source, device: device), "to \(mac) by device \(device)")
    }

    fileprivate func leavingForNeighbour(by device: UInt32) -> Effect {
        .ended(
            self, .rewritten(to: packet.destination, from: packet.source, device: device),
            "to neighbour \(packet.destination.address) by device \(device)")
    }

    private func port(_ octets: ArraySlice<UInt8>) -> UInt16 { octets.prefix(2).reduce(0) { $0 << 8 | UInt16($1) } }
}
