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
        guard selection.ports == .single, !selection.takesTurns else { return nil }
        self.selection = selection
    }

    var mapName: String { "plain-\(selection.name)" }
    var set: ElementSet { ElementSet(name: mapName, type: selection.slotMapType) }

    /// What dispatch names.
    var name: String { chainName("plain-\(selection.name)") }

    var lookups: [Rule] { selection.lookups(in: mapName) }

    /// Before the dispatch. `only`: the one way of all dsr frames, if nothing else is to be asked of them; the rule sends them there itself.
    func firstLookups(_ only: Direct.Way?) -> [Rule] {
        guard selection.path == .direct, let only else { return lookups }
        return [Rule([.setMAC(.destination, selection.key, map: mapName)] + Direct.leave(by: only))]
    }

    /// Twice, as `Selection.chain` does. `next`: for a packet that is on its way while its slot goes into transition, the handover.
    func chain(next: String) -> Chain { Chain(name, rules: lookups + lookups + [Rule(.verdict(.goto(next)))]) }
}

/// What is listened at, key by key (address, protocol and port), counted by what configuration asks for, whatever befalls the backends: it
/// decides which selection is asked first.
struct Census: Sendable, Hashable {
    /// Who is met by the same rules.
    struct Crowd: Sendable, Hashable {
        let table: TableFamily
        let family: AddressFamily

        init(_ selection: Selection) { (table, family) = (selection.table, selection.family) }
    }

    private var keys: [Crowd: Int] = [:]
    private var plain: [PlainSlots: Int] = [:]

    mutating func count(_ selection: Selection, _ slots: PlainSlots?) {
        keys[Crowd(selection), default: 0] += 1
        if let slots { plain[slots, default: 0] += 1 }
    }

    mutating func add(_ other: Census) {
        keys.merge(other.keys, uniquingKeysWith: +)
        plain.merge(other.plain, uniquingKeysWith: +)
    }

    /// Of each family the selection that has more than half of its keys: there is one at most, and it saves more than what it costs
    /// the others. No choice depends on what was chosen before, so that equal farms give equal rules.
    func askedFirst(_ table: TableFamily) -> [PlainSlots] {
        let most = plain.filter { $0.key.selection.table == table && 2 * $0.value > keys[Crowd($0.key.selection)] ?? 0 }
        return most.keys.sorted { $0.selection.family < $1.selection.family }
    }
}
