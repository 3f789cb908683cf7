import NetTypes

extension Tracer {
    /// Looks the key up for every slot that it may have; slots with the same answer go one way.
    func look(up key: Key, in name: String, _ table: TableFamily, _ way: Way, then: (Way, [UInt8]) -> Effect) -> [Effect] {
        guard let set = ruleset[table]?.set(name) else { preconditionFailure("set \(name) exists, or the kernel had refused") }
        guard let candidates = candidates(key, way) else { return [.miss(way)] }
        let place = DynamicState.SetName(table: table, name: name)
        var (answers, places): ([(value: [UInt8]?, share: Double)], [[UInt8]?: Int]) = ([], [:])
        let values =
            set.type.dynamic == nil
            ? set.find(candidates.map(\.octets)) : candidates.map { way.state.value(of: $0.octets, in: place) }
        for (candidate, value) in zip(candidates, values) {
            if let index = places[value] {
                answers[index].share += candidate.share
            } else {
                places[value] = answers.count
                answers.append((value, candidate.share))
            }
        }
        return answers.map { answer in
            let way = way.taking(answer.share)
            return answer.value.map { then(way, $0) } ?? .miss(way)
        }
    }

    /// For every value that the key may have.
    func each(_ key: Key, _ way: Way, then: (Way, [UInt8]) -> Effect) -> [Effect] {
        candidates(key, way).map { $0.map { then(way.taking($0.share), $0.octets) } } ?? [.miss(way)]
    }

    /// Nil when the packet lacks a field: the kernel then ends the rule.
    private func candidates(_ key: Key, _ way: Way) -> [(octets: [UInt8], share: Double)]? {
        let isPadded = key.parts.count > 1
        var result: [(octets: [UInt8], share: Double)] = [([], 1)]
        for part in key.parts {
            if case .slot(let selector) = part {
                guard let slots = slots(selector, way) else { return nil }
                result = result.flatMap { prefix in
                    slots.map { slot in (prefix.octets + withUnsafeBytes(of: slot, Array.init), prefix.share / Double(slots.count)) }
                }
                continue
            }
            guard let octets = octets(part, way, isPadded: isPadded) else { return nil }
            result = result.map { ($0.octets + octets, $0.share) }
        }
        return result
    }

    private func slots(_ selector: SlotSelector, _ way: Way) -> [UInt32]? {
        switch selector {
        case .random(let modulus, let offset), .counter(let modulus, let offset), .symmetricHash(let modulus, let offset):
            return Array(offset..<offset + modulus)
        case .hash(let parts, let modulus, let seed, let offset):
            let octets = parts.compactMap { self.octets($0, way, isPadded: parts.count > 1) }
            guard octets.count == parts.count else { return nil }
            return [offset + scaled(jhash(octets.joined(), seed: seed), to: modulus)]
        }
    }

    /// A field as it stands in registers; nil when the packet has none.
    func octets(_ part: KeyPart, _ way: Way, isPadded: Bool) -> [UInt8]? {
        let packet = way.packet
        func own(_ address: IPAddress, _ family: AddressFamily) -> [UInt8]? { address.family == family ? address.octets : nil }
        func number(_ port: UInt16) -> [UInt8] { [UInt8(port >> 8), UInt8(truncatingIfNeeded: port)] }
        let value: [UInt8]? =
            switch part {
            case .address(.source, let family): own(packet.reporter ?? packet.source.address, family)
            case .address(.destination, let family): own(packet.destination.address, family)
            case .network(let side, let family, let bits):
                own(side == .source ? packet.source.address : packet.destination.address, family).map {
                    zip($0, family.mask(bits).octets).map { $0 & $1 }
                }
            case .transport: packet.protocolNumber
            case .port(.source): packet.reporter == nil ? number(packet.source.port) : nil
            case .port(.destination): packet.reporter == nil ? number(packet.destination.port) : nil
            // What is quoted went the other way.
            case .quoted where packet.reporter == nil: nil
            case .quoted(.transport, _): [packet.transport.rawValue]
            case .quoted(.address(.source), let family): own(packet.destination.address, family)
            case .quoted(.address(.destination), let family): own(packet.source.address, family)
            case .quoted(.port(.source), _): number(packet.destination.port)
            case .quoted(.port(.destination), _): number(packet.source.port)
            case .mac(.source): packet.sourceMAC?.octets
            case .mac(.destination): packet.destinationMAC?.octets
            case .originalDestination(let family): way.isUntracked ? nil : own(way.flow.destination.address, family)
            case .originalDestinationPort: way.isUntracked ? nil : number(way.flow.destination.port)
            case .mark(let bits): withUnsafeBytes(of: way.packet.mark & bits, Array.init)
            case .slot: nil
            }
        guard isPadded, let value else { return value }
        return value + [UInt8](repeating: 0, count: part.field.registerLength - value.count)
    }
}

extension Packet {
    /// IPPROTO_ICMP and IPPROTO_ICMPV6 of linux/in.h and in6.h.
    fileprivate var protocolNumber: [UInt8] { [reporter == nil ? transport.rawValue : family == .ipv4 ? 1 : 58] }
}

extension Way {
    fileprivate func taking(_ share: Double) -> Way {
        var way = self
        way.share *= share
        return way
    }
}
