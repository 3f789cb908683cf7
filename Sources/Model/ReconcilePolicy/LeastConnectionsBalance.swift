import FarmModel
import NetTypes
import Ruleset
import RulesetCompiler

/// The farms whose slots follow the number of open connections, each family of each on its own.
public struct LeastConnectionsBalance: Sendable {
    /// Connections of one backend: open now, and begun since the look before.
    public typealias Count = (live: Int, opened: Int)

    /// Farms that have connections, or had some not long ago.
    private var known: [String: Known] = [:]

    private struct Known {
        var policies: [AddressFamily: LeastConnections] = [:]
        /// Since slots were dealt last.
        var waited: Duration = .zero
        var opened: [Int] = []
        var live: [Int] = []
        /// Since there was a connection.
        var idle: Duration = .zero
    }

    public init() {}

    /// What the slots are to be now, for the farms where that is not what they are. Where there is more to do than one look should take,
    /// those that have waited longest are first, so that no verdict waits long.
    public mutating func look(
        at state: DesiredState, after elapsed: Duration, count: (Backend, Farm) -> Count
    ) -> [String: [String: Int]] {
        let farms = state.followingFarms
        note(farms, elapsed, count)
        let waiting = farms.compactMap { farm in known[farm.name].map { (waited: $0.waited, farm: farm) } }
        // Farms come in the order of their names, and a stable sort keeps it.
        let order = waiting.sorted { $0.waited > $1.waited }.map(\.farm)
        var (result, spent) = ([String: [String: Int]](), 0)
        for farm in order where spent < Self.mostAtOnce {
            let slots = deal(farm, state)
            if let slots { result[farm.name] = slots }
            spent += slots == nil ? Self.costOfNothing : farm.slotCount
        }
        return result
    }

    private mutating func note(_ farms: [Farm], _ elapsed: Duration, _ count: (Backend, Farm) -> Count) {
        var next: [String: Known] = [:]
        for farm in farms {
            let counts = farm.backends.map { count($0, farm) }
            let isUsed = counts.contains { $0.live > 0 || $0.opened > 0 }
            guard var entry = known[farm.name] ?? (isUsed ? Known() : nil) else { continue }
            let opened = entry.opened.count == counts.count ? entry.opened : [Int](repeating: 0, count: counts.count)
            (entry.live, entry.opened) = (counts.map(\.live), zip(opened, counts).map { $0 + $1.opened })
            entry.waited += elapsed
            entry.idle = isUsed ? .zero : entry.idle + elapsed
            next[farm.name] = entry
        }
        known = next
    }

    /// Nil when the slots are what they should be.
    private mutating func deal(_ farm: Farm, _ state: DesiredState) -> [String: Int]? {
        guard var entry = known[farm.name] else { return nil }
        let slots = slots(farm, state, &entry)
        let isRight = state.has(farm, slots)
        (entry.waited, entry.opened) = (.zero, [])
        known[farm.name] = entry.idle > Self.longestIdle ? nil : entry
        return isRight ? nil : slots
    }

    private func slots(_ farm: Farm, _ state: DesiredState, _ entry: inout Known) -> [String: Int] {
        let serving = state.servingBackends(of: farm)
        var slots = state.slotShares[farm.name] ?? [:]
        for family in Set(farm.backends.map(\.address.family)) {
            let members = farm.backends.indices.filter { farm.backends[$0].address.family == family }.map {
                LeastConnections.Member(
                    name: farm.backends[$0].name, weight: state.weight(of: farm.backends[$0], in: farm), isServing: serving.contains($0),
                    live: entry.live[$0], opened: entry.opened[$0])
            }
            let names = Set(members.map(\.name))
            var policy = entry.policies[family] ?? LeastConnections(slots: slots.filter { names.contains($0.key) })
            policy.deal(members, tableSize: farm.slotCount, after: entry.waited)
            entry.policies[family] = policy
            // Whoever does not serve keeps its share for the moment in which it does again.
            slots.merge(policy.slots) { $1 }
        }
        let names = Set(farm.backends.map(\.name))
        return slots.filter { names.contains($0.key) }
    }

    /// Slots; dealing and compiling ten thousand takes 12 ms.
    private static let mostAtOnce = 10_000
    /// By then what was known of lifetimes has faded, and shares are weights again.
    private static let longestIdle: Duration = .seconds(600)
    /// What finding that nothing is to be done takes, in the same measure.
    private static let costOfNothing = 60
}

extension DesiredState {
    /// In the order of their names.
    public var followingFarms: [Farm] { following.sorted().compactMap { farms[$0] } }

    /// Indices of the backends that get new connections.
    func servingBackends(of farm: Farm) -> Set<Int> { plans[farm.name]?.servingBackends(conditions(of: farm, verdicts(in: farm))) ?? [] }

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

    /// Whether that is what the backends that serve have. Those that do not serve have no slots, whatever their share is.
    func has(_ farm: Farm, _ slots: [String: Int]) -> Bool {
        let known = slotShares[farm.name] ?? [:]
        return servingBackends(of: farm).map { farm.backends[$0].name }.allSatisfy { known[$0] == slots[$0] }
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
