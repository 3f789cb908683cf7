import FarmModel
import HealthPolicy
import NetTypes
import Ruleset
import RulesetCompiler

/// Puts together how a kernel serves a farm from its tables, the farm's file and what was stored.
struct ServedFarmReader {
    let kernel: Ruleset
    let nextHops: [IPAddress: NextHop]
    let kept: [Transition]
    let now: MonotonicInstant

    /// Nil when the kernel does not serve the farm by a table such as `farm` has. `other` may name further backends and tables.
    func read(_ farm: Farm, and other: Farm) -> ServedFarm? {
        let backends = candidates(farm, other)
        let tables =
            kept.map { (tableSize: $0.counting.tableSize, scheduler: $0.counting.scheduler) }
            + [farm, other].map { (tableSize: $0.slotCount, scheduler: $0.scheduler) }
        let readings = FarmPlan(farm).readings(
            of: kernel, candidates: backends.map { FormerBackend(backend: $0, nextHop: nextHops[$0.address]) }, formerTables: tables)
        guard !readings.isEmpty else { return nil }
        var result = ServedFarm(farm, tableSize: farm.slotCount, slots: [:])
        result.backends = backends
        for reading in readings {
            result.slots[reading.family] = reading.slots.map { $0.map(UInt16.init) ?? ServedFarm.nobody }
            guard let former = reading.former,
                let kind = Transition.Kind.allCases.first(where: { $0.transports.contains(reading.transport) }),
                result.transition(reading.family, kind) == nil
            else { continue }
            result.transitions.append(transition(reading.family, kind, former, result))
        }
        return result
    }

    /// Each once: of the farm as it was, as it is, and of what was in transition.
    private func candidates(_ farm: Farm, _ other: Farm) -> [Backend] {
        var known: Set<Destination> = []
        let all = farm.backends + other.backends + kept.flatMap { entry in entry.former.keys.sorted().compactMap { entry.former[$0] } }
        return all.filter { known.insert(Destination(of: $0, farm.mode)).inserted }
    }

    private func transition(
        _ family: AddressFamily, _ kind: Transition.Kind, _ former: SlotReading.Former, _ farm: ServedFarm
    ) -> Transition {
        let stored = kept.first { $0.family == family && $0.kind == kind }
        let counting = SlotCounting(tableSize: former.tableSize, scheduler: former.scheduler)
        var result = Transition(family, kind, counting, began: stored?.began ?? now)
        for (slot, index) in former.slots {
            let destination = Destination(of: farm.backends[index], farm.mode)
            let since = stored?.moves[slot].flatMap { $0.destination == destination ? $0.since : nil }
            result.moves[slot] = .init(destination, since: since ?? now)
        }
        result.touched = former.touched
        // Without a word of who may have strayed, anybody may.
        let everybody = Dictionary(farm.destinations(family).compactMap { $0 }.map { ($0, now) }) { first, _ in first }
        if kind == .remembered { result.strays = stored?.strays ?? everybody }
        let wanted = Set(result.moves.values.map(\.destination)).union(result.strays.keys)
        for backend in farm.backends where wanted.contains(Destination(of: backend, farm.mode)) {
            result.former[Destination(of: backend, farm.mode)] = backend
        }
        return result
    }
}
