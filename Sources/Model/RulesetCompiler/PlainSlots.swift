import NetTypes
import Ruleset

/// Slots of listeners that need nothing but a backend, in a map of their own, which can be asked before the dispatch: what is in it
/// needs one lookup instead of two.
///
/// A listener that asks for more is not in it, nor is a slot whose flows need a handover: the lookup misses and dispatch decides. Going
/// from one to the other exchanges elements. The map belongs to one selection, so that which one is asked first is a matter of a rule
/// and never moves an element.
struct PlainSlots: Sendable, Hashable {
    let selection: Selection

    /// Nil where a miss would cost more than a dispatch saves: ranges are searched, not hashed, and a counter of a rule is one farm's.
    init?(_ selection: Selection) {
        guard selection.path != .translate, selection.ports == .single, !selection.takesTurns else { return nil }
        self.selection = selection
    }

    var mapName: String { "plain-\(selection.name)" }
    var set: ElementSet { ElementSet(name: mapName, type: selection.slotMapType) }

    /// What dispatch names.
    var name: String { chainName("plain-\(selection.name)") }

    var lookup: Rule { lookup(then: [.verdict(.goto(selection.delivery))]) }

    private func lookup(then delivery: [Statement]) -> Rule { Rule([.setMAC(.destination, selection.key, map: mapName)] + delivery) }

    /// Before the dispatch. `only`: the one way of all dsr frames, if nothing else is to be asked of them; the rule sends them there itself.
    func firstLookup(_ only: Direct.Way?) -> Rule {
        guard selection.path == .direct, let only else { return lookup }
        return lookup(then: Direct.leave(by: only))
    }

    /// Twice, as `Selection.chain` does. `next`: for a packet that is on its way while its slot goes into transition, the handover.
    func chain(next: String) -> Chain { Chain(name, rules: [lookup, lookup, Rule(.verdict(.goto(next)))]) }
}

/// The listeners of the table `netdev`, counted by what their configuration asks for, whatever befalls their backends: what decides
/// which selection is asked first.
struct Census: Sendable, Hashable {
    private(set) var listeners: [AddressFamily: Int] = [:]
    private(set) var plain: [PlainSlots: Int] = [:]

    mutating func count(_ family: AddressFamily, _ slots: PlainSlots?) {
        listeners[family, default: 0] += 1
        if let slots { plain[slots, default: 0] += 1 }
    }

    mutating func add(_ other: Census) {
        listeners.merge(other.listeners, uniquingKeysWith: +)
        plain.merge(other.plain, uniquingKeysWith: +)
    }

    /// Of each family the selection that has more than half of its listeners: there is one at most, and it saves more than what it costs
    /// the others. No choice depends on what was chosen before, so that equal farms give equal rules.
    var askedFirst: [PlainSlots] {
        plain.filter { 2 * $0.value > listeners[$0.key.selection.family] ?? 0 }.keys.sorted { $0.selection.family < $1.selection.family }
    }
}
