import FarmModel
import NetTypes

/// A farm with its base tables: what stays the same until its configuration or a weight changes. An object, as thousands are asked at once.
public final class FarmPlan: Sendable {
    public let farm: Farm
    public let tableSize: Int
    let tables: [AddressFamily: SlotTable]
    let sources: SourceSets
    private let shares: [Int]?

    /// `weights` after overrides, by the backend's index. A weight that an override sets to 0 keeps its place in the base table,
    /// as a drained backend does, so that nobody else's clients move.
    ///
    /// `shares`: by what slots are dealt instead, 0 or more, where no client is to find its backend again: to those that serve alone,
    /// anew each time. Weights then say only who serves.
    public init(_ farm: Farm, weights: [Int]? = nil, shares: [Int]? = nil) {
        precondition(shares.map { $0.count == farm.backends.count } ?? true, "a share for each backend")
        (self.farm, self.shares) = (farm, shares)
        sources = SourceSets(farm)
        tableSize = farm.slotCount
        let size = tableSize
        let effective = weights ?? farm.backends.map(\.weight)
        var tables: [AddressFamily: SlotTable] = [:]
        for family in Set(farm.listeners.map(\.address.family)) {
            let members = Self.members(of: farm, family) { effective[$0] > 0 ? effective[$0] : farm.backends[$0].weight }
            tables[family] = SlotTable(members: shares == nil ? members : [], size: size, scheduler: farm.scheduler)
        }
        self.tables = tables
    }

    private static func members(
        of farm: Farm, _ family: AddressFamily, ramp: (Int) -> Int = { _ in 100 }, weight: (Int) -> Int
    ) -> [SlotTable.Member] {
        farm.backends.indices.filter { farm.backends[$0].address.family == family }.map {
            SlotTable.Member(
                index: $0, name: farm.backends[$0].name, weight: weight($0), priority: farm.backends[$0].priority, ramp: ramp($0))
        }
    }

    /// For each family the backend's index by slot; empty while nobody serves.
    public func slots(_ conditions: [BackendCondition]) -> [AddressFamily: [UInt16]] {
        tables.reduce(into: [:]) { result, entry in
            let servers = servers(entry.key, conditions)
            result[entry.key] = shares.map { dealt(to: servers, by: $0) } ?? entry.value.filled(serving: servers)
        }
    }

    /// Who gets new connections, as far as weights and tiers decide.
    func servers(_ family: AddressFamily, _ conditions: [BackendCondition]) -> [SlotTable.Member] {
        let members = Self.members(of: farm, family, ramp: { conditions[$0].ramp }, weight: { conditions[$0].weight })
        return serving(members, conditions: conditions, quorum: farm.quorum)
    }

    /// Indices of the backends that get new connections, as far as weights and tiers decide.
    public func servingBackends(_ conditions: [BackendCondition]) -> Set<Int> {
        let families = tables.keys.map { Self.members(of: farm, $0) { conditions[$0].weight } }
        return Set(families.flatMap { serving($0, conditions: conditions, quorum: farm.quorum) }.map(\.index))
    }

    /// By weight where those that serve have no share among them: that a share is 0 must never leave a client without a backend.
    private func dealt(to servers: [SlotTable.Member], by shares: [Int]) -> [UInt16] {
        let areAllNothing = servers.allSatisfy { shares[$0.index] == 0 }
        let members = servers.map {
            SlotTable.Member(index: $0.index, name: $0.name, weight: (areAllNothing ? $0.weight : shares[$0.index]) * $0.ramp, priority: 0)
        }
        return SlotTable(members: members, size: tableSize, scheduler: farm.scheduler).base
    }
}
