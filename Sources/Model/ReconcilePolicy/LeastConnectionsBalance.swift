import FarmModel
import NetTypes
import Ruleset
import RulesetCompiler

/// The farms whose slots follow the number of open connections, each family of each on its own.
public struct LeastConnectionsBalance: Sendable {
    /// Connections of one backend: open now, and begun since the look before.
    public typealias Count = (live: Int, opened: Int)

    private var pools: [Pool: LeastConnections] = [:]

    private struct Pool: Hashable {
        let farm: String
        let family: AddressFamily
    }

    public init() {}

    /// What the slots are to be now, for the farms where that is not what they are; most urgent first where it is more than may be dealt at
    /// once, so that one look never holds up a verdict for long.
    public mutating func look(
        at state: DesiredState, after elapsed: Duration, count: (Backend, Farm) -> Count
    ) -> [String: [String: Int]] {
        let farms = state.followingFarms
        let names = Set(farms.map(\.name))
        pools = pools.filter { names.contains($0.key.farm) }
        return Self.affordable(farms.compactMap { change(of: $0, state, elapsed, count) })
    }

    /// Nil also for a farm that nobody uses and of which nothing is left to forget: there may be thousands.
    private mutating func change(of farm: Farm, _ state: DesiredState, _ elapsed: Duration, _ count: (Backend, Farm) -> Count) -> Change? {
        let counts = farm.backends.map { count($0, farm) }
        let families = Set(farm.backends.map(\.address.family))
        let isIdle = counts.allSatisfy { $0.live == 0 && $0.opened == 0 }
        if isIdle, !families.contains(where: { pools[Pool(farm: farm.name, family: $0)] != nil }) { return nil }
        let wanted = deal(farm, counts, families, state, elapsed)
        let moved = state.slotsMoved(farm, to: wanted)
        if isIdle, moved == 0 { for family in families { pools[Pool(farm: farm.name, family: family)] = nil } }
        return moved == 0 ? nil : Change(farm: farm, slots: wanted, moved: moved)
    }

    private mutating func deal(
        _ farm: Farm, _ counts: [Count], _ families: Set<AddressFamily>, _ state: DesiredState, _ elapsed: Duration
    ) -> [String: Int] {
        let serving = state.servingBackends(of: farm)
        var slots = state.slotShares[farm.name] ?? [:]
        for family in families {
            let members = farm.backends.indices.filter { farm.backends[$0].address.family == family }.map {
                LeastConnections.Member(
                    name: farm.backends[$0].name, weight: state.weight(of: farm.backends[$0], in: farm), isServing: serving.contains($0),
                    live: counts[$0].live, opened: counts[$0].opened)
            }
            let pool = Pool(farm: farm.name, family: family)
            var policy = pools[pool] ?? LeastConnections(slots: slots.filter { known, _ in members.contains { $0.name == known } })
            policy.deal(members, tableSize: farm.slotCount, after: elapsed)
            pools[pool] = policy
            // Whoever does not serve keeps its share for the moment in which it does again.
            slots.merge(policy.slots) { $1 }
        }
        return slots.filter { name, _ in farm.backends.contains { $0.name == name } }
    }

    private struct Change {
        let farm: Farm
        let slots: [String: Int]
        let moved: Int
        /// Comparisons of slots and backends; a million of them take about 10 ms.
        var cost: Int { farm.slotCount * farm.backends.count }
    }

    private static func affordable(_ changes: [Change]) -> [String: [String: Int]] {
        var (result, spent) = ([String: [String: Int]](), 0)
        let order = changes.sorted { ($0.moved * $1.farm.slotCount, $1.farm.name) > ($1.moved * $0.farm.slotCount, $0.farm.name) }
        for change in order where spent == 0 || spent + change.cost <= mostAtOnce {
            result[change.farm.name] = change.slots
            spent += change.cost
        }
        return result
    }

    private static let mostAtOnce = 1_000_000
}

extension DesiredState {
    /// In the order of their names.
    public var followingFarms: [Farm] { following.sorted().compactMap { farms[$0] } }

    /// Indices of the backends that get new connections.
    func servingBackends(of farm: Farm) -> Set<Int> { plans[farm.name]?.servingBackends(conditions(of: farm)) ?? [] }

    /// Goes on with the shares that a kernel has, where it serves. A backend without slots there that could have some has earned none.
    public mutating func restoreSlotShares(from kernel: Ruleset) {
        let found = followingFarms.reduce(into: [String: [String: Int]]()) { found, farm in
            let counts = plans[farm.name]?.slotCounts(of: kernel) ?? [:]
            guard !counts.isEmpty else { return }
            let known = Set(counts.keys).union(servingBackends(of: farm))
            found[farm.name] = Dictionary(uniqueKeysWithValues: known.map { (farm.backends[$0].name, counts[$0] ?? 0) })
        }
        set(slotShares: found)
    }

    /// Slots that go elsewhere; those of backends that do not serve are nobody's.
    func slotsMoved(_ farm: Farm, to wanted: [String: Int]) -> Int {
        let serving = Set(servingBackends(of: farm).map { farm.backends[$0].name })
        let known = slotShares[farm.name] ?? [:]
        return wanted.reduce(0) {
            serving.contains($1.key) && known[$1.key] != $1.value ? $0 + max(1, $1.value - (known[$1.key] ?? 0)) : $0
        }
    }

    /// A backend of which nothing is known yet is taken to deserve its weight.
    func shares(_ known: [String: Int], _ farm: Farm) -> [Int] {
        let size = farm.slotCount
        return farm.backends.map { backend in
            if let share = known[backend.name] { return share }
            let family = farm.backends.filter { $0.address.family == backend.address.family }
            let total = family.reduce(0) { $0 + weight(of: $1, in: farm) }
            return total == 0 ? 0 : max(1, size * weight(of: backend, in: farm) / total)
        }
    }
}

extension Farm {
    /// Whether its slots are dealt by the number of open connections.
    public var followsConnections: Bool { scheduler == .leastConnections }
}

extension DesiredState {
    /// Slots of the farm that name another backend in `other`.
    public func slotsMoved(to other: DesiredState, in farm: String) -> Int {
        let (before, after) = (compiledFarms[farm]?.slots ?? [:], other.compiledFarms[farm]?.slots ?? [:])
        return before.reduce(0) { sum, entry in sum + zip(entry.value, after[entry.key] ?? []).count { $0 != $1 } }
    }
}
