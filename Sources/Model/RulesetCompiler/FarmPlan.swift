import FarmModel
import NetTypes

/// A farm with its base tables: what stays the same until its configuration or a weight changes.
public struct FarmPlan: Sendable, Hashable {
    public let farm: Farm
    public let tableSize: Int
    let tables: [AddressFamily: SlotTable]

    /// `weights` after overrides, by the backend's index. A weight that an override sets to 0 keeps its place in the base table,
    /// as a drained backend does, so that nobody else's clients move.
    public init(_ farm: Farm, weights: [Int]? = nil) {
        self.farm = farm
        tableSize = farm.slotCount
        let size = tableSize
        let effective = weights ?? farm.backends.map(\.weight)
        var tables: [AddressFamily: SlotTable] = [:]
        for family in Set(farm.listeners.map(\.address.family)) {
            let members = Self.members(of: farm, family) { effective[$0] > 0 ? effective[$0] : farm.backends[$0].weight }
            tables[family] = SlotTable(members: members, size: size, scheduler: farm.scheduler)
        }
        self.tables = tables
    }

    private static func members(of farm: Farm, _ family: AddressFamily, weight: (Int) -> Int) -> [SlotTable.Member] {
        farm.backends.indices.filter { farm.backends[$0].address.family == family }.map {
            SlotTable.Member(index: $0, name: farm.backends[$0].name, weight: weight($0), priority: farm.backends[$0].priority)
        }
    }

    /// For each family the backend's index by slot; empty while nobody serves.
    public func slots(_ conditions: [BackendCondition]) -> [AddressFamily: [UInt16]] {
        tables.reduce(into: [:]) { result, entry in
            let members = Self.members(of: farm, entry.key) { conditions[$0].weight }
            result[entry.key] = entry.value.filled(serving: serving(members, conditions: conditions, quorum: farm.quorum))
        }
    }
}
