import NetTypes

/// Walks a packet through a ruleset, rule by rule, with the kernel's own arithmetic.
///
/// Where the kernel's counter or random source decides, every way is followed, with its share.
public struct Tracer {
    private let ruleset: Ruleset
    /// Addresses of the host itself; only replies to probes ask for them.
    private let localAddresses: Set<IPAddress>

    public init(_ ruleset: Ruleset, localAddresses: Set<IPAddress> = []) {
        (self.ruleset, self.localAddresses) = (ruleset, localAddresses)
    }

    /// The ways of a packet that begins a connection; the shares add up to 1. Equal fates stand once, most likely first.
    public func trace(_ packet: Packet) -> [PacketTrace] {
        var ways = [Way(packet)]
        for hook in [Stage.ingress(packet.device), .hook(.prerouting), .hook(.postrouting)] {
            ways = ways.flatMap { pass($0, stage: hook) }
        }
        return merged(ways.map { PacketTrace(fate: $0.fate, share: $0.share, steps: $0.steps) })
    }

    private enum Stage {
        case ingress(String?)
        case hook(BaseChain.Hook)
    }

    private func pass(_ way: Way, stage: Stage) -> [Way] {
        var ways = [way]
        for (family, chain) in baseChains(stage) {
            ways = ways.flatMap { way -> [Way] in
                let skips = way.isDecided || chain.base?.kind == .nat && way.isUntracked
                guard !skips else { return [way] }
                return run(chain, family, way).map { $0.leavingBaseChain() }
            }
        }
        return ways
    }

    private func baseChains(_ stage: Stage) -> [(TableFamily, Chain)] {
        let all = ruleset.tables.flatMap { table in table.chains.compactMap { chain in chain.base.map { (table.family, chain, $0) } } }
        let called = all.filter { _, _, base in
            switch stage {
            case .ingress(let device): device.map { base.hook == .ingress(device: $0) } ?? false
            case .hook(let hook): base.hook == hook
            }
        }
        return called.sorted { $0.2.priority < $1.2.priority }.map { ($0.0, $0.1) }
    }

    private func merged(_ traces: [PacketTrace]) -> [PacketTrace] {
        var shares: [PacketFate: Double] = [:]
        var order: [PacketFate] = []
        var first: [PacketFate: [PacketTrace.Step]] = [:]
        for trace in traces {
            if shares[trace.fate] == nil { order.append(trace.fate) }
            shares[trace.fate, default: 0] += trace.share
            if first[trace.fate] == nil { first[trace.fate] = trace.steps }
        }
        return order.map { PacketTrace(fate: $0, share: shares[$0] ?? 0, steps: first[$0] ?? []) }
            .enumerated().sorted { ($1.element.share, $0.offset) < ($0.element.share, $1.offset) }.map(\.element)
    }
}

/// A packet on its way, and what has been decided of it.
private struct Way {
    var packet: Packet
    let original: Packet
    var share = 1.0
    var steps: [PacketTrace.Step] = []
    var end: PacketFate?
    var isTranslated = false
    var isUntracked = false
    var source: PacketFate.TranslatedSource?
    /// The verdict that ended the chain being walked: the rest of it is not run.
    var isDone = false

    init(_ packet: Packet) { (self.packet, original) = (packet, packet) }

    var isDecided: Bool { end != nil }
    var fate: PacketFate { end ?? (isTranslated ? .translated(to: packet.destination, source: source) : .passed) }

    func leavingBaseChain() -> Way {
        var way = self
        way.isDone = false
        return way
    }
}

extension Tracer {
    private func run(_ chain: Chain, _ family: TableFamily, _ way: Way) -> [Way] {
        var ways = [way]
        for (index, rule) in chain.rules.enumerated() {
            ways = ways.flatMap { $0.isDone ? [$0] : run(rule, index + 1, in: chain.name, family, $0) }
        }
        return ways
    }

    /// The ways out of one rule: it may match for some slots and not for others.
    private func run(_ rule: Rule, _ number: Int, in chain: String, _ family: TableFamily, _ way: Way) -> [Way] {
        var matching = [way]
        var left: [Way] = []
        for statement in rule.statements {
            var next: [Way] = []
            for before in matching {
                for outcome in step(statement, family, before) {
                    var way = outcome.way
                    guard outcome.matches else {
                        left.append(way)
                        continue
                    }
                    if let effect = outcome.effect {
                        way.steps.append(.init(table: family, chain: chain, rule: number, text: rule.description, effect: effect))
                    }
                    next += outcome.target.map { run($0, family, way, isGoto: outcome.isGoto) } ?? [way]
                }
            }
            matching = next
        }
        return left + matching
    }

    private func run(_ target: String, _ family: TableFamily, _ way: Way, isGoto: Bool) -> [Way] {
        guard let chain = ruleset[family]?.chain(target) else { preconditionFailure("chain \(target) exists, or the kernel had refused") }
        return run(chain, family, way).map { way in
            var way = way
            if isGoto { way.isDone = true }
            return way
        }
    }
}

/// What a statement does to a way.
private struct Outcome {
    var way: Way
    var matches = true
    var effect: String?
    var target: String?
    var isGoto = false

    static func miss(_ way: Way) -> Outcome { Outcome(way: way, matches: false) }
}

extension Tracer {
    private func step(_ statement: Statement, _ family: TableFamily, _ way: Way) -> [Outcome] {
        let packet = way.packet
        func require(_ holds: Bool) -> [Outcome] { [holds ? Outcome(way: way) : .miss(way)] }
        switch statement {
        case .transport(let transport): return require(packet.transport == transport)
        case .portWithin(.source, let ports): return require(ports.contains(packet.source.port))
        case .portWithin(.destination, let ports): return require(ports.contains(packet.destination.port))
        case .destinationTranslated: return require(way.isTranslated)
        case .destinationIsLocal: return require(localAddresses.contains(packet.destination.address))
        case .inSet(let key, let set): return look(up: key, in: set, family, way) { way, _ in Outcome(way: way) }
        case .counter: return [Outcome(way: way)]
        case .unknown: return [.miss(way)]
        case .notrack: return [changed(way, "not tracked") { $0.isUntracked = true }]
        case .reject(let reason): return [ended(way, .rejected(reason), "reject")]
        case .verdict(.drop): return [ended(way, .dropped, "drop")]
        case .verdict(.accept): return [changed(way, "accept") { $0.isDone = true }]
        case .verdict(.jump(let chain)): return [Outcome(way: way, effect: "jump \(chain)", target: chain)]
        case .verdict(.goto(let chain)): return [Outcome(way: way, effect: "goto \(chain)", target: chain, isGoto: true)]
        case .masquerade: return [changed(way, "masquerade") { ($0.source, $0.isDone) = (.masquerade, true) }]
        case .verdictMap, .destinationNAT, .sourceNAT, .setMAC, .forward: return mapped(statement, family, way)
        case .tcpFlags, .connectionState, .rate, .rateOver, .connectionsOver, .setAddress, .setPort, .forwardToNeighbour, .note, .remember,
            .forget, .setUncheckedPort,
            .assignHelper, .setMark, .log:
            preconditionFailure("not traced yet: \(statement)")
        }
    }

    private func changed(_ way: Way, _ effect: String, _ change: (inout Way) -> Void) -> Outcome {
        var way = way
        change(&way)
        return Outcome(way: way, effect: effect)
    }

    private func ended(_ way: Way, _ fate: PacketFate, _ effect: String) -> Outcome {
        changed(way, effect) { ($0.end, $0.isDone) = (fate, true) }
    }

    /// Actions on what a map answers.
    private func mapped(_ statement: Statement, _ family: TableFamily, _ way: Way) -> [Outcome] {
        switch statement {
        case .verdictMap(let key, let map):
            return look(up: key, in: map, family, way) { way, value in
                guard let chain = ElementTable.chain(value) else { return changed(way, "accept") { $0.isDone = true } }
                return Outcome(way: way, effect: "goto \(chain)", target: chain, isGoto: true)
            }
        case .destinationNAT(let addresses, let key, let map, let hasPort):
            return look(up: key, in: map, family, way) { translated($0, $1, addresses, hasPort: hasPort) }
        case .sourceNAT(let addresses, let key, let map, _):
            return look(up: key, in: map, family, way) { way, value in
                guard let address = IPAddress(octets: value.prefix(addresses.addressLength)) else { return .miss(way) }
                return changed(way, "snat to \(address)") { ($0.source, $0.isDone) = (.address(address), true) }
            }
        case .setMAC(let side, let key, let map):
            return look(up: key, in: map, family, way) { way, value in
                let mac = MACAddress(octets: value)
                return changed(way, "\(side) MAC \(mac?.description ?? "?")") {
                    if side == .source { $0.packet.sourceMAC = mac } else { $0.packet.destinationMAC = mac }
                }
            }
        case .forward(let key, let map):
            return look(up: key, in: map, family, way) { way, value in
                guard let mac = way.packet.destinationMAC, let source = way.packet.sourceMAC else { return .miss(way) }
                let device = hostNumber(value)
                return ended(way, .forwarded(mac: mac, source: source, device: device), "to \(mac) by device \(device)")
            }
        default: preconditionFailure("only statements with a map")
        }
    }

    private func translated(_ way: Way, _ value: ArraySlice<UInt8>, _ family: AddressFamily, hasPort: Bool) -> Outcome {
        guard let address = IPAddress(octets: value.prefix(family.addressLength)) else { return .miss(way) }
        let port =
            hasPort ? value.dropFirst(family.addressLength).prefix(2).reduce(0) { $0 << 8 | UInt16($1) } : way.packet.destination.port
        let backend = Endpoint(address: address, port: port)
        return changed(way, "dnat to \(backend)") {
            $0.packet.destination = backend
            ($0.isTranslated, $0.isDone) = (true, true)
        }
    }
}

extension Tracer {
    /// Looks the key up for every slot it may have. A key of another address family does not match at all.
    private func look(
        up key: Key, in name: String, _ family: TableFamily, _ way: Way, then: (Way, ArraySlice<UInt8>) -> Outcome
    ) -> [Outcome] {
        guard let set = ruleset[family]?.set(name) else { preconditionFailure("set \(name) exists, or the kernel had refused") }
        return candidates(key, way).map { candidate in
            var way = way
            way.share *= candidate.share
            guard let value = set.find(candidate.octets) else { return .miss(way) }
            return then(way, value)
        }
    }

    private func candidates(_ key: Key, _ way: Way) -> [(octets: [UInt8], share: Double)] {
        let isPadded = key.parts.count > 1
        var result: [(octets: [UInt8], share: Double)] = [([], 1)]
        for part in key.parts {
            if case .slot(let selector) = part {
                let slots = self.slots(selector, way)
                result = result.flatMap { prefix in
                    slots.map { slot in (prefix.octets + withUnsafeBytes(of: slot, Array.init), prefix.share / Double(slots.count)) }
                }
                continue
            }
            // A packet without the field matches nothing: the empty key is in no set.
            guard let octets = octets(part, way, isPadded: isPadded) else { return [([], 1)] }
            result = result.map { ($0.octets + octets, $0.share) }
        }
        return result
    }

    private func slots(_ selector: SlotSelector, _ way: Way) -> [UInt32] {
        switch selector {
        case .random(let modulus), .counter(let modulus), .symmetricHash(let modulus): return Array(0..<modulus)
        case .hash(let parts, let modulus, let seed):
            let octets = parts.compactMap { self.octets($0, way, isPadded: parts.count > 1) }
            guard octets.count == parts.count else { return [] }
            return [scaled(jhash(octets.joined(), seed: seed), to: modulus)]
        }
    }

    /// A field as it stands in registers; nil when the packet has none.
    private func octets(_ part: KeyPart, _ way: Way, isPadded: Bool) -> [UInt8]? {
        let packet = way.packet
        func own(_ address: IPAddress, _ family: AddressFamily) -> [UInt8]? { address.family == family ? address.octets : nil }
        func number(_ port: UInt16) -> [UInt8] { [UInt8(port >> 8), UInt8(truncatingIfNeeded: port)] }
        let value: [UInt8]? =
            switch part {
            case .address(.source, let family): own(packet.source.address, family)
            case .address(.destination, let family): own(packet.destination.address, family)
            case .transport: [packet.transport.rawValue]
            case .port(.source): number(packet.source.port)
            case .port(.destination): number(packet.destination.port)
            case .mac(.source): packet.sourceMAC?.octets
            case .mac(.destination): packet.destinationMAC?.octets
            case .originalDestination(let family): own(way.original.destination.address, family)
            case .originalDestinationPort: number(way.original.destination.port)
            case .slot: nil
            }
        guard isPadded, let value else { return value }
        return value + [UInt8](repeating: 0, count: part.field.registerLength - value.count)
    }
}

extension ElementSet {
    /// The value of the element that the key falls on; empty for sets without values, nil when there is none.
    func find(_ key: [UInt8]) -> ArraySlice<UInt8>? {
        guard key.count == type.keyLength else { return nil }
        for rows in fragments.values {
            let index = type.isInterval ? (0..<rows.count).first { type.covers(rows, $0, key) } : rows.index(ofIdentity: key)
            if let index { return rows.value(index) }
        }
        return nil
    }
}

extension SetType {
    /// Whether each field of the key lies between the bounds of the element, in network order.
    fileprivate func covers(_ rows: ElementTable, _ index: Int, _ octets: [UInt8]) -> Bool {
        var (low, high, value) = (rows.key(index), rows.keyEnd(index), octets[...])
        for field in key {
            let length = key.count == 1 ? field.length : field.registerLength
            let part = value.prefix(length)
            let isBelow = part.lexicographicallyPrecedes(low.prefix(length))
            let isAbove = high.prefix(length).lexicographicallyPrecedes(part)
            if isBelow || isAbove { return false }
            (low, high, value) = (low.dropFirst(length), high.dropFirst(length), value.dropFirst(length))
        }
        return true
    }
}
