import FarmModel
import NetTypes

/// What is known of a backend beyond its configuration when a farm is compiled.
public struct BackendCondition: Sendable, Hashable {
    /// Ready, probed well, and (dsr) with a known next hop.
    public var isUsable: Bool
    /// After overrides, 0–1000.
    public var weight: Int
    /// Per cent of its weight that it gets, 1–100: less than all while it starts slowly.
    public var ramp: Int
    /// Its tier serves whatever the quorum says.
    public var isJoined: Bool
    /// Down, and its connections are to be reset.
    public var isResetting: Bool
    /// dsr: how frames reach it.
    public var nextHop: NextHop?

    public init(isUsable: Bool, weight: Int, ramp: Int = 100, isJoined: Bool = false, isResetting: Bool = false, nextHop: NextHop? = nil) {
        (self.isUsable, self.weight, self.nextHop) = (isUsable, weight, nextHop)
        (self.ramp, self.isJoined, self.isResetting) = (ramp, isJoined, isResetting)
    }
}

/// The usable members of the tiers that serve: the lowest one, and the next as long as the weight stays below the quorum.
func serving(_ members: [SlotTable.Member], conditions: [BackendCondition], quorum: Int) -> [SlotTable.Member] {
    var chosen: [SlotTable.Member] = []
    for tier in Set(members.map(\.priority)).sorted() {
        let own = members.filter { $0.priority == tier }
        guard chosen.reduce(0, { $0 + $1.weight }) < quorum || own.contains(where: { conditions[$0.index].isJoined }) else { break }
        chosen += own.filter { conditions[$0.index].isUsable && conditions[$0.index].weight > 0 }
    }
    return chosen
}
