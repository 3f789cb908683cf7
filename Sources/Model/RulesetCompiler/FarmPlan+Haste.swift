import NetTypes

/// What serves until slots are dealt as they should be.
struct MakeshiftSlots {
    var slots: [AddressFamily: [UInt16]] = [:]
    var spares: [AddressFamily: [UInt16]] = [:]
    /// It is what dealing would give, too.
    var isFinal = true
}

extension FarmPlan {
    /// Slots as they are soonest brought about from `current`, after these backends have turned; nil where the farm asks for more than that.
    ///
    /// Only who has turned moves: whom a panic would bring back, and whom its end would send away, does so when slots are dealt.
    func makeshift(from current: CompiledFarm, _ conditions: [BackendCondition], turned: Set<Int>) -> MakeshiftSlots? {
        guard farm.scheduler != .leastConnections else { return nil }
        var result = MakeshiftSlots()
        for (family, table) in tables {
            let servers = servers(family, conditions)
            // Who starts slowly has to leave slots to others.
            guard !table.base.isEmpty, servers.allSatisfy({ $0.ramp == 100 }) else { return nil }
            let serving = BackendSet(servers.map(\.index))
            let (arriving, leaving) = (turned.filter { serving.contains(UInt16($0)) }, turned.filter { !serving.contains(UInt16($0)) })
            let slots = table.vacated(
                from: current.slots[family] ?? [], arriving: BackendSet(arriving), leaving: BackendSet(leaving))
            guard !servers.isEmpty || slots.contains(where: { $0 != SlotTable.vacant }) else {
                result.slots[family] = []
                continue
            }
            result.slots[family] = slots
            result.isFinal =
                result.isFinal && slots == table.base && slots.allSatisfy(serving.contains)
                && servers.allSatisfy { $0.priority == table.tier }
            if slots.contains(SlotTable.vacant) {
                let turn = identity(of: farm.name)
                result.spares[family] = table.spares(from: current.spares[family] ?? [], serving: servers, turn: turn)
            }
        }
        return result
    }
}
