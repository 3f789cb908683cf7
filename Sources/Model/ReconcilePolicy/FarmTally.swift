import FarmModel
import HealthPolicy
import NetTypes
import RulesetCompiler

/// How a farm does, counted when it was compiled last, so that asking costs nothing.
public struct FarmTally: Sendable, Hashable {
    public let condition: Condition
    public let up, down, unknown: Int
    /// Backends with slots.
    public let used: Int
    /// So few backends are healthy that all are used.
    public let isPanicking: Bool

    public var total: Int { up + down + unknown }

    public enum Condition: Sendable, Hashable {
        /// Every backend serves that is meant to.
        case up
        case degraded
        /// Nobody gets new connections.
        case down
        case maintenance
    }
}

extension DesiredState {
    mutating func count(_ farm: Farm, _ compiled: CompiledFarm, _ verdicts: [Verdict], _ standings: [BackendStanding]) {
        func judged(_ verdict: Verdict) -> Int { verdicts.count { $0 == verdict } }
        tallies[farm.name] = FarmTally(
            condition: condition(of: farm, compiled.slots, standings), up: judged(.up), down: judged(.down), unknown: judged(.unknown),
            used: Self.backendsUsed(compiled, of: farm), isPanicking: health[farm.name]?.isPanicking ?? false)
    }

    private static func backendsUsed(_ compiled: CompiledFarm, of farm: Farm) -> Int {
        var isUsed = [Bool](repeating: false, count: farm.backends.count)
        for table in [compiled.slots.values, compiled.spares.values].joined() {
            for backend in table where backend != SlotTable.vacant { isUsed[Int(backend)] = true }
        }
        return isUsed.count { $0 }
    }

    private func condition(
        of farm: Farm, _ slots: [AddressFamily: [UInt16]], _ standings: [BackendStanding]
    ) -> FarmTally.Condition {
        if farm.state == .maintenance { return .maintenance }
        if health[farm.name]?.serving.contains(true) == false { return .down }
        if slots.isEmpty || slots.values.contains(where: \.isEmpty) { return slots.values.allSatisfy(\.isEmpty) ? .down : .degraded }
        let isWhole = standings.allSatisfy {
            switch $0 {
            case .serving, .weightZero, .admin: true
            case .verdict, .noNeighbour, .held, .ejected: false
            }
        }
        return isWhole ? .up : .degraded
    }
}
