import NetTypes

/// Walks packets through a ruleset, rule by rule, with the kernel's own arithmetic.
///
/// Where the kernel's counter or random source decides, every way is followed, with its share.
public struct Tracer: Sendable {
    let ruleset: Ruleset
    /// Addresses of the host itself: packets to them are not forwarded.
    let localAddresses: Set<IPAddress>

    public init(_ ruleset: Ruleset, localAddresses: Set<IPAddress> = []) {
        (self.ruleset, self.localAddresses) = (ruleset, localAddresses)
    }

    /// The ways of a packet; the shares add up to 1. Equal fates stand once, most likely first.
    public func trace(_ packet: Packet, in state: DynamicState = DynamicState()) -> [PacketTrace] {
        Self.merged(ways(packet, state), by: \.fate).map(\.trace)
    }

    /// Likewise, with what each way leaves behind: outcomes differ in their fates, in that, or in the rules that led there.
    /// For sequences of packets.
    public func outcomes(of packet: Packet, in state: DynamicState) -> [PacketOutcome] {
        struct Ending: Hashable {
            let fate: PacketFate
            let rules: [RulePlace]
            let state: DynamicState
        }
        let ways = ways(packet, state)
        return Self.merged(ways) { Ending(fate: $0.fate, rules: $0.rules, state: $0.state) }.map {
            PacketOutcome(trace: $0.trace, state: $0.state)
        }
    }

    private func ways(_ packet: Packet, _ state: DynamicState) -> [Way] {
        stages(packet).reduce([Way(packet, state, localAddresses: localAddresses)]) { ways, stage in
            ways.flatMap { pass($0, stage) }
        }.map(\.finished)
    }

    private static func merged<Key: Hashable>(_ ways: [Way], by key: (Way) -> Key) -> [Way] {
        guard ways.count > 1 else { return ways }
        var (merged, places): ([Way], [Key: Int]) = ([], [:])
        for way in ways {
            if let place = places[key(way)] {
                merged[place].share += way.share
            } else {
                places[key(way)] = merged.count
                merged.append(way)
            }
        }
        return merged.enumerated().sorted { ($1.element.share, $0.offset) < ($0.element.share, $1.offset) }.map(\.element)
    }
}

extension Way {
    fileprivate var trace: PacketTrace { PacketTrace(fate: fate, share: share, steps: steps, rules: rules) }
}

extension Tracer {
    private func stages(_ packet: Packet) -> [BaseChain.Hook] {
        // What the host says to itself comes in again, by its loopback.
        guard !packet.isFromHost else {
            let leaving = packet.departure.map { [BaseChain.Hook.egress(device: $0.device.name)] } ?? []
            return [.output, .postrouting] + leaving + [.prerouting, .input]
        }
        // The IP stack turns it away.
        guard !packet.isFlooded else { return packet.device.map { [.ingress(device: $0)] } ?? [] }
        return (packet.device.map { [.ingress(device: $0)] } ?? []) + [.prerouting, .input, .forward, .postrouting]
    }

    private func pass(_ way: Way, _ hook: BaseChain.Hook) -> [Way] {
        guard !way.isDecided, isMet(hook, by: way) else { return [way] }
        var ways = [way]
        for (family, chain, base) in baseChains(hook) {
            ways = ways.flatMap { way -> [Way] in
                var way = way
                way.meetConntrack(at: hook, before: base.priority)
                if case .egress = base.hook { way.framed() }
                guard !way.isDecided, base.kind != .nat || isAskedForTranslation(way, hook) else { return [way] }
                return run(chain, family, way).map { $0.leavingBaseChain() }
            }
        }
        return ways.map { way in
            var way = way
            way.meetConntrack(at: hook, before: .max)
            return way
        }
    }

    /// What is for the host itself is not forwarded.
    private func isMet(_ hook: BaseChain.Hook, by way: Way) -> Bool {
        let isLocal = localAddresses.contains(way.packet.destination.address)
        switch hook {
        case .prerouting: return !way.packet.isFromHost || isLocal
        case .forward: return !isLocal && !way.packet.isFromHost
        case .input: return isLocal
        case .postrouting: return way.packet.isFromHost || !isLocal
        case .output, .ingress: return true
        case .egress: return !isLocal
        }
    }

    /// Once a connection; what the host sends has been translated when it comes in again.
    private func isAskedForTranslation(_ way: Way, _ hook: BaseChain.Hook) -> Bool {
        way.isAskedForTranslation && !(way.packet.isFromHost && (hook == .prerouting || hook == .input))
    }

    private func baseChains(_ hook: BaseChain.Hook) -> [(TableFamily, Chain, BaseChain)] {
        let all = ruleset.tables.flatMap { table in table.chains.compactMap { chain in chain.base.map { (table.family, chain, $0) } } }
        return all.filter { $0.2.hook == hook }.sorted { $0.2.priority < $1.2.priority }
    }
}
