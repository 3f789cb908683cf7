import FarmModel
import NetTypes

/// Where slots stand that are all that verdicts change: one listener's, in one map.
struct SlotPlace: Sendable, Hashable {
    /// In the farm.
    let listener: Int
    /// Nil for a listener that takes its whole address.
    let ports: PortRange?
    let form: Selection.Ports
    /// How far into the listener's range the port lies, where each port of it is a key.
    let offset: UInt16
    let map: CompiledFarm.SetName

    init(_ mouth: Mouth, of farm: Farm, in map: CompiledFarm.SetName) {
        listener = farm.listeners.firstIndex(of: mouth.listener) ?? 0
        (ports, form, offset) = (mouth.key.isWhole ? nil : mouth.ports, mouth.form, mouth.offset)
        self.map = map
    }

    func mouth(_ farm: Farm) -> Mouth {
        let listener = farm.listeners[listener]
        return ports.map { Mouth(listener, $0, form, offset: offset) } ?? Mouth(whole: listener)
    }
}

extension CompiledFarm {
    /// The same plan under other conditions, where nothing follows from them but which backend each slot names: when thousands of backends
    /// change at once, that is almost always so, and most of the work. Nil where more follows.
    func under(_ conditions: [BackendCondition], _ plan: FarmPlan) -> CompiledFarm? {
        guard let slotPlaces else { return nil }
        let now = plan.slots(conditions)
        guard now.allSatisfy({ $0.value.isEmpty == slots[$0.key]?.isEmpty }) else { return nil }
        guard now != slots else { return self }
        var farm = self
        farm.slots = now
        var rows = Rows()
        for place in slotPlaces {
            let mouth = place.mouth(plan.farm)
            let selection = plan.selection(mouth)
            rows[place.map].append(now[mouth.family] ?? [], mouth) { plan.farm.value(of: plan.farm.backends[$0], nil, selection, mouth) }
        }
        for (map, table) in rows.tables { farm.elements[map] = table }
        return farm
    }
}

extension [UInt8] {
    /// Rows for the slots that are meant. `value`: of a backend, by its index.
    mutating func append(
        _ table: [UInt16], _ mouth: Mouth, where isMeant: (Int) -> Bool = { _ in true }, value: (Int) -> [UInt8]?
    ) {
        // A row a backend, in which only the slot changes.
        var samples = [[UInt8]](repeating: [], count: Int(table.max().map { $0 + 1 } ?? 0))
        // In the order of their octets, the lowest first: so the rows need no sorting.
        for low in 0..<Swift.min(256, table.count) {
            for slot in stride(from: low, to: table.count, by: 256) where isMeant(slot) {
                let backend = Int(table[slot])
                if samples[backend].isEmpty {
                    mouth.key.append(to: &samples[backend], slot: 0)
                    samples[backend] += value(backend) ?? []
                }
                let start = count
                self += samples[backend]
                mouth.key.put(slot: UInt32(slot), in: &self, rowAt: start)
            }
        }
    }
}
