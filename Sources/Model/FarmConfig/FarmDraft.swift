import FarmModel

/// A farm as read, with the places that checks need.
struct FarmDraft {
    let farm: Farm
    let name: Placed<String>?
    let listeners: Complete<Placed<Listener>>
    let backends: Complete<BackendDraft>
    let traffic: TrafficDraft
    let policy: PolicySettings?
    private(set) var isLegal = false

    init(
        farm: Farm, name: Placed<String>?, listeners: Complete<Placed<Listener>>, backends: Complete<BackendDraft>, traffic: TrafficDraft,
        policy: PolicySettings?
    ) {
        (self.farm, self.name, self.listeners, self.backends, self.traffic) = (farm, name, listeners, backends, traffic)
        self.policy = policy
    }

    func with(isLegal: Bool) -> FarmDraft {
        var copy = self
        copy.isLegal = isLegal
        return copy
    }
}

/// The entries that could be read. What is missing in an incomplete list is not held against the rest of the farm.
struct Complete<Entry> {
    let entries: [Entry]
    let isWhole: Bool
}
