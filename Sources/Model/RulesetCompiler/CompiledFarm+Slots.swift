import FarmModel
import NetTypes
import Ruleset

extension CompiledFarm {
    /// Its elements with other slots of the same plan, where nothing else follows from them: when thousands of backends change at once, that
    /// is almost always so, and most of the work. Nil where more follows.
    func elements(
        of plan: FarmPlan, slots now: [AddressFamily: [UInt16]], spares: [AddressFamily: [UInt16]]
    ) -> [SetName: ElementTable]? {
        guard let slotPlaces = frame.slotPlaces else { return nil }
        guard now.keys.allSatisfy({ isAnybodyServed(slots, self.spares, $0) == isAnybodyServed(now, spares, $0) }) else { return nil }
        guard now != slots || spares != self.spares else { return elements }
        var rows = Rows()
        for place in slotPlaces {
            let mouth = place.mouth(plan.farm)
            let selection = plan.selection(mouth)
            let places = (now[mouth.family] ?? []) + (spares[mouth.family] ?? [])
            let value = { plan.farm.value(of: plan.farm.backends[$0], nil, selection, mouth) }
            if place.map == place.spares {
                rows[place.map].append(places, mouth, value: value)
            } else {
                rows[place.map].append(places, mouth, where: { $0 < plan.tableSize }, value: value)
                rows[place.spares].append(places, mouth, where: { $0 >= plan.tableSize }, value: value)
            }
        }
        return elements.merging(rows.tables) { $1 }
    }
}

/// Whether somebody gets the packets that find no slot of the family, or none has to look for one. Else `noBackend` answers them.
func isAnybodyServed(_ slots: [AddressFamily: [UInt16]], _ spares: [AddressFamily: [UInt16]], _ family: AddressFamily) -> Bool {
    guard let table = slots[family], !table.isEmpty else { return false }
    return spares[family]?.isEmpty != true || !table.contains(SlotTable.vacant)
}
