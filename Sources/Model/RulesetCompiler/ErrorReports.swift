import FarmModel
import NetTypes
import Ruleset

/// ICMP errors about packets that a backend of dsr or stateless has sent: packet too big, no route, time exceeded. They come to the
/// listener's address, and quote the packet: what it says of both ends finds the slot of the flow, and so its backend.
///
/// Behind the dispatch: an ordinary packet never gets here. Policies and limits are not asked.
enum ErrorReports {
    static func mapName(_ variant: Variant) -> String { "errors\(variant.suffix)" }
    static func typesChain(_ family: AddressFamily) -> String { "icmp\(family.rawValue)" }
    private static func dispatchChain(_ family: AddressFamily) -> String { "icmp-about\(family.rawValue)" }

    /// RFC 792: unreachable, time exceeded, parameter problem; RFC 4443: unreachable, too big, time exceeded, parameter problem.
    private static func types(_ family: AddressFamily) -> [UInt8] { family == .ipv4 ? [3, 11, 12] : [1, 2, 3, 4] }

    /// At a device. `isLast`: nobody behind it asks for what is no error about a flow.
    static func ingressRule(_ family: AddressFamily, isLast: Bool) -> Rule {
        let chain = typesChain(family)
        return Rule(.frame(family), .controlMessage(family), .verdict(isLast ? .goto(chain) : .jump(chain)))
    }

    /// In the order of creation. `variants`: of one family, those that have listeners.
    static func chains(_ family: AddressFamily, _ variants: [Variant]) -> [Chain] {
        let key = Dispatch.key(family).inQuote(family)
        let dispatch = variants.flatMap { variant in key.map { [Rule(.verdictMap($0, map: mapName(variant)))] } ?? [] }
        let types = types(family).map { Rule(.errorReport($0, family), .verdict(.goto(dispatchChain(family)))) }
        return [Chain(dispatchChain(family), rules: dispatch), Chain(typesChain(family), rules: types)]
    }
}

/// From a quoted packet to its flow's backend, in the order of the handover: where the flow is remembered, its slot's former backend,
/// its present one.
struct ErrorCourse: Sendable, Hashable {
    let selection: Selection
    /// As slots in transition are counted.
    let former: Selection

    /// Nil where the slot follows from what a quote does not hold: MACs, the kernel's own hash, chance; and for a whole address, whose
    /// ICMP is its backends' like all else.
    init?(_ selection: Selection, former: Selection? = nil) {
        guard selection.path != .translate, selection.ports != .whole, selection.key.inQuote(selection.family) != nil else { return nil }
        (self.selection, self.former) = (selection, former ?? selection)
    }

    var name: String {
        chainName("errors-\(selection.name)" + (former == selection ? "" : "-from\(former.description)"))
    }

    var chain: Chain {
        let handover = HandoverChain(former: former, selection: selection, noBackend: nil)
        let remembered = [(handover.flow, HandoverChain.freshMap(selection.family)), (former.key, handover.formerMap.name)]
        let plain = PlainSlots(selection).map { [(selection.key, $0.mapName)] } ?? []
        return Chain(name, rules: (remembered + plain + [(selection.key, selection.slotMapName)]).flatMap(rule))
    }

    private func rule(_ key: Key, _ map: String) -> [Rule] {
        key.inQuote(selection.family).map { [Rule(.setMAC(.destination, $0, map: map), .verdict(.goto(delivery)))] } ?? []
    }

    private var delivery: String {
        selection.path == .stateless ? Stateless.errorChain(selection.family) : Direct.forwardChain
    }
}

extension Key {
    /// The same of the quoted packet, which went the other way, in a report to the listener's address; nil where it has no such field.
    func inQuote(_ family: AddressFamily) -> Key? {
        let quoted = parts.compactMap { $0.inQuote(family) }
        return quoted.count == parts.count ? Key(quoted) : nil
    }
}

extension KeyPart {
    fileprivate func inQuote(_ family: AddressFamily) -> KeyPart? {
        switch self {
        // The report itself is addressed to the listener.
        case .address(.destination, _), .network(.destination, _, _): return self
        case .address(.source, _): return .quoted(.address(.destination), family)
        case .transport: return .quoted(.transport, family)
        case .port(let side): return .quoted(.port(side == .source ? .destination : .source), family)
        case .slot(.hash(let inputs, let modulus, let seed, let offset)):
            let quoted = inputs.compactMap { $0.inQuote(family) }
            return quoted.count == inputs.count ? .slot(.hash(quoted, modulus: modulus, seed: seed, offset: offset)) : nil
        case .network(.source, _, _), .mac, .mark, .originalDestination, .originalDestinationPort, .quoted, .slot: return nil
        }
    }
}
