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

    /// One for all farms: thousands have it.
    static let detours = [Detour.plain]

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
    private struct Count: Sendable, Hashable {
        var all = 0
        /// Those whose slots are in the plain map.
        var plain = 0
    }

    private var keys: [Selection: Count] = [:]

    mutating func count(_ selection: Selection, isPlain: Bool) {
        keys[selection, default: Count()].all += 1
        if isPlain { keys[selection]?.plain += 1 }
    }

    mutating func add(_ other: Census) {
        keys.merge(other.keys) { Count(all: $0.all + $1.all, plain: $0.plain + $1.plain) }
    }

    /// Of each family the selection that has more than half of its keys: there is one at most, and it saves more than what it costs
    /// the others. No choice depends on what was chosen before, so that equal farms give equal rules.
    func askedFirst(_ table: TableFamily) -> [PlainSlots] {
        AddressFamily.allCases.sorted().compactMap { family in
            let met = keys.filter { $0.key.table == table && $0.key.family == family }
            let all = met.values.reduce(0) { $0 + $1.all }
            return met.first { 2 * $0.value.plain > all }.flatMap { PlainSlots($0.key) }
        }
    }
}
