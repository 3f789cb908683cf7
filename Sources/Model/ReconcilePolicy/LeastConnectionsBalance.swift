import FarmModel
import NetTypes
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
        pools = pools.filter { pool, _ in farms.contains { $0.name == pool.farm } }
        let changes = farms.compactMap { farm -> Change? in
            let wanted = deal(farm, state, elapsed, count)
            let moved = state.slotsMoved(farm, to: wanted)
            return moved == 0 ? nil : Change(farm: farm, slots: wanted, moved: moved)
        }
        return Self.affordable(changes)
    }

    private mutating func deal(_ farm: Farm, _ state: DesiredState, _ elapsed: Duration, _ count: (Backend, Farm) -> Count) -> [String: Int]
    {
        let serving = state.servingBackends(of: farm)
        let members = farm.backends.enumerated().map { index, backend in
            let count = count(backend, farm)
            let member = LeastConnections.Member(
                name: backend.name, weight: state.weight(of: backend, in: farm), isServing: serving.contains(index), live: count.live,
                opened: count.opened)
            return (backend.address.family, member)
        }
        var slots: [String: Int] = [:]
        for (family, members) in Dictionary(grouping: members, by: \.0) {
            let pool = Pool(farm: farm.name, family: family)
            var policy = pools[pool] ?? LeastConnections(slots: state.slotShares(of: farm, family))
            policy.deal(members.map(\.1), tableSize: farm.slotCount, after: elapsed)
            pools[pool] = policy
            // Whoever does not serve keeps its share for the moment in which it does again.
            for member in members.map(\.1) { slots[member.name] = policy.slots[member.name] ?? state.slotShares[farm.name]?[member.name] }
        }
        return slots
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

    func slotShares(of farm: Farm, _ family: AddressFamily) -> [String: Int] {
        let names = Set(farm.backends.filter { $0.address.family == family }.map(\.name))
        return (slotShares[farm.name] ?? [:]).filter { names.contains($0.key) }
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
