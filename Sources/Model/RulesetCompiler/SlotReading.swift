import FarmModel
import NetTypes
import Ruleset

/// How a kernel serves a farm that keeps no state per flow, read back from its tables: what a daemon that starts hands over from.
public struct SlotReading: Sendable, Hashable {
    public let family: AddressFamily
    public let transport: TransportProtocol
    /// Index into the candidates by slot; nil where none of them is meant.
    public let slots: [Int?]
    /// Nil while the kernel hands nothing over.
    public let former: Former?

    /// Slots that are moving, by the table in which they are counted.
    public struct Former: Sendable, Hashable {
        public let tableSize: Int
        public let scheduler: Scheduler
        /// Index into the candidates by slot.
        public let slots: [Int: Int]
        /// As in `MovingSlots`.
        public let touched: Set<Int>
    }
}

extension FarmPlan {
    /// The farm as `ruleset` serves it, for each family and protocol in which it is served by this plan's table.
    ///
    /// `candidates` are the backends that may be meant, `formerTables` the tables in which slots may be moving beside the plan's own.
    public func readings(
        of ruleset: Ruleset, candidates: [FormerBackend], formerTables: [(tableSize: Int, scheduler: Scheduler)] = []
    ) -> [SlotReading] {
        guard !farm.mode.usesConntrack, let table = ruleset[farm.path == .translate ? .inet : .netdev] else { return [] }
        var known: Set<Place> = []
        return farm.listeners.sorted().compactMap { listener in
            guard known.insert(Place(listener)).inserted, let mouth = Mouth(firstOf: listener, farm) else { return nil }
            return Reader(plan: self, table: table, mouth: mouth, candidates: candidates).reading(
                [(tableSize, farm.scheduler)] + formerTables)
        }
    }

    /// How many slots each backend has in `ruleset`, by its index; nothing for a family that this plan's table does not serve there.
    /// `nextHops`: of farms without conntrack, whose slots may hold them.
    public func slotCounts(of ruleset: Ruleset, _ nextHops: [IPAddress: NextHop] = [:]) -> [Int: Int] {
        guard let table = ruleset[farm.path == .translate ? .inet : .netdev] else { return [:] }
        let candidates = farm.backends.map { FormerBackend(backend: $0, nextHop: nextHops[$0.address]) }
        var known: Set<AddressFamily> = []
        return farm.listeners.sorted().reduce(into: [:]) { counts, listener in
            guard known.insert(listener.address.family).inserted, let mouth = Mouth(firstOf: listener, farm) else { return }
            for case let index? in Reader(plan: self, table: table, mouth: mouth, candidates: candidates).slots {
                counts[index, default: 0] += 1
            }
        }
    }

    private struct Place: Hashable {
        let family: AddressFamily
        let transport: TransportProtocol

        init(_ listener: Listener) { (family, transport) = (listener.address.family, listener.transport) }
    }
}

extension Mouth {
    /// The key of a listener's first ports, or of its whole address.
    fileprivate init?(firstOf listener: Listener, _ farm: Farm) {
        guard !listener.isWhole else {
            self.init(whole: listener)
            return
        }
        guard let ports = listener.ports.first else { return nil }
        switch farm.form(of: ports, listener.address.family) {
        case .single: self.init(listener, ports, .single)
        case .range: self.init(listener, ports, .range)
        case .kept: self.init(listener, ports, .kept)
        case .expanded: self.init(listener, PortRange(ports.first) ?? ports, .single)
        }
    }
}

private struct Reader {
    let plan: FarmPlan
    let table: Table
    let mouth: Mouth
    let candidates: [FormerBackend]

    func reading(_ formerTables: [(tableSize: Int, scheduler: Scheduler)]) -> SlotReading? {
        let selection = selection(plan.tableSize, plan.farm.scheduler)
        guard let chain = dispatched else { return nil }
        let former = formerTables.first { isHandover(chain, from: self.selection($0.tableSize, $0.scheduler), to: selection) }
        guard chain == selection.name || chain == PlainSlots(selection)?.name || former != nil else { return nil }
        return SlotReading(
            family: mouth.family, transport: mouth.listener.transport,
            slots: slots,
            former: former.map { size, scheduler in
                let selection = self.selection(size, scheduler)
                let found = backends(in: selection.formerMapName, selection).enumerated().compactMap { slot, index in
                    index.map { (slot, $0) }
                }
                return SlotReading.Former(
                    tableSize: size, scheduler: scheduler, slots: Dictionary(uniqueKeysWithValues: found), touched: touched)
            })
    }

    var slots: [Int?] {
        let selection = selection(plan.tableSize, plan.farm.scheduler)
        let all = backends(in: selection.slotMapName, selection)
        guard let plain = PlainSlots(selection) else { return all }
        return zip(all, backends(in: plain.mapName, selection)).map { $0 ?? $1 }
    }

    /// Slots of the present table that go through the handover.
    private var touched: Set<Int> {
        let selection = selection(plan.tableSize, plan.farm.scheduler)
        let plain = PlainSlots(selection).map { backends(in: $0.mapName, selection) } ?? []
        return Set((0..<selection.modulus).filter { plain.isEmpty || plain[$0] == nil })
    }

    private func isHandover(_ chain: String, from former: Selection, to selection: Selection) -> Bool {
        ([nil] + NoBackendAction.allCases.map(Optional.some)).contains {
            HandoverChain(former: former, selection: selection, noBackend: $0).name == chain
        }
    }

    private func selection(_ size: Int, _ scheduler: Scheduler) -> Selection { plan.farm.selection(mouth, size, scheduler) }

    /// The chain that the kernel sends the listener's packets to, behind the detours that stand before all others.
    private var dispatched: String? {
        let map = mouth.key.isWhole ? Dispatch.wholeMap(mouth.family) : Dispatch.mapName(mouth.family, isRange: mouth.key.isRange)
        guard let rows = table.set(map)?.elements else { return nil }
        var identity: [UInt8] = []
        mouth.key.append(to: &identity)
        return rows.index(ofIdentity: identity).flatMap { ElementTable.chain(rows.value($0)) }.map(behindGuards)
    }

    private func behindGuards(_ chain: String) -> String {
        guard Detour.guardRoles.contains(where: chain.hasPrefix), let last = table.chain(chain)?.rules.last?.statements.last,
            case .verdict(.goto(let next)) = last
        else { return chain }
        return behindGuards(next)
    }

    private func backends(in map: String, _ selection: Selection) -> [Int?] {
        let values = candidates.map { candidate in
            candidate.backend.address.family == mouth.family
                ? plan.farm.value(of: candidate.backend, candidate.nextHop, selection, mouth) : nil
        }
        let rows = table.set(map)?.elements
        return (0..<selection.modulus).map { slot in
            var identity: [UInt8] = []
            mouth.key.append(to: &identity, slot: UInt32(slot))
            return rows?.index(ofIdentity: identity).flatMap { row in
                let value = rows?.value(row)
                return values.firstIndex { $0.map { wanted in value?.elementsEqual(wanted) == true } == true }
            }
        }
    }
}
