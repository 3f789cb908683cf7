import FarmModel
import NetTypes

/// What is known of a backend beyond its configuration when a farm is compiled.
public struct BackendCondition: Sendable, Hashable {
    /// Ready, probed well, and (dsr) with a known next hop.
    public var isUsable: Bool
    /// After overrides, 0–1000.
    public var weight: Int
    /// dsr: how frames reach it.
    public var nextHop: NextHop?

    public init(isUsable: Bool, weight: Int, nextHop: NextHop? = nil) {
        (self.isUsable, self.weight, self.nextHop) = (isUsable, weight, nextHop)
    }
}

/// The usable members of the tiers that serve: the lowest one, and the next as long as the weight stays below the quorum.
func serving(_ members: [SlotTable.Member], conditions: [BackendCondition], quorum: Int) -> [SlotTable.Member] {
    var chosen: [SlotTable.Member] = []
    for tier in Set(members.map(\.priority)).sorted() {
        guard chosen.reduce(0, { $0 + $1.weight }) < quorum else { break }
        chosen += members.filter { $0.priority == tier && conditions[$0.index].isUsable && conditions[$0.index].weight > 0 }
    }
    return chosen
}
