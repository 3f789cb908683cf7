extension [UInt8] {
    /// Rows for the slots that are meant and not vacant. `value`: of a backend, by its index.
    mutating func append(
        _ table: [UInt16], _ mouth: Mouth, where isMeant: (Int) -> Bool = { _ in true }, value: (Int) -> [UInt8]?
    ) {
        // In the order of their octets, the lowest first: so the rows need no sorting.
        var slots: [Int] = []
        slots.reserveCapacity(table.count)
        for low in 0..<Swift.min(256, table.count) {
            for slot in stride(from: low, to: table.count, by: 256) where table[slot] != SlotTable.vacant && isMeant(slot) {
                slots.append(slot)
            }
        }
        // A row a backend, in which only the slot changes.
        var samples = [[UInt8]](repeating: [], count: slots.reduce(0) { Swift.max($0, Int(table[$1]) + 1) })
        for slot in slots where samples[Int(table[slot])].isEmpty {
            mouth.key.append(to: &samples[Int(table[slot])], slot: 0)
            samples[Int(table[slot])] += value(Int(table[slot])) ?? []
        }
        let length = samples.last?.count ?? 0
        self += [UInt8](unsafeUninitializedCapacity: slots.count * length) { rows, count in
            for slot in slots {
                let row = UnsafeMutableRawBufferPointer(rows)[count..<count + length]
                row.copyBytes(from: samples[Int(table[slot])])
                mouth.key.put(slot: UInt32(slot), in: row)
                count += length
            }
        }
    }
}
