import NetTypes

extension Farm {
    /// Slots of a round-robin farm: divides by the usual numbers of backends, so that turns come out even.
    private static let turns = 360
    /// Slots that a backend should have, so that shares come near to weights.
    private static let slotsPerBackend = 8
    /// Fewer save memory and are there for who asks. They move more clients when one of ten backends is removed from the file: with 127
    /// slots more than 9 % of the others' in one case of sixty, with 179 in one of three thousand (docs/design/slots.md).
    private static let fewest = 179

    /// Slots of the farm's table. For a farm whose file leaves the choice to us: eight a backend, one for the lightest of them, and 179 at
    /// the least.
    public var slotCount: Int {
        if case .slots(let count) = tableSize { return count }
        let weights = backends.map(\.weight).filter { $0 > 0 }
        let wanted = max(Self.fewest, Self.slotsPerBackend * backends.count, weights.reduce(0, +) / (weights.min() ?? 1))
        if case .roundRobin = scheduler, wanted <= Self.turns { return Self.turns }
        return TableSize.classes.first { $0 >= wanted } ?? TableSize.classes[TableSize.classes.count - 1]
    }

    /// How a range of ports of a listener is written in the kernel's maps.
    public func form(of ports: PortRange, _ family: AddressFamily) -> PortForm {
        if ports.isSingle { return .single }
        let wanted = backends.filter { $0.address.family == family }.map(\.port)
        if mode == .dsr || wanted.allSatisfy({ $0 == nil || $0 == ports }) { return .kept }
        return wanted.allSatisfy { $0?.isSingle == true } ? .range : .expanded
    }

    /// Elements of the slot maps that the farm needs: what it costs in memory and time.
    public var slotElements: Int {
        listeners.reduce(0) { sum, listener in
            listener.ports.reduce(listener.isWhole ? sum + slotCount : sum) {
                $0 + (form(of: $1, listener.address.family) == .expanded ? $1.count : 1) * slotCount
            }
        }
    }
}

/// How a range of ports stands in the key of a map, and whether the backend's port stands in the value.
public enum PortForm: Sendable, Hashable {
    /// One port, with the backend's.
    case single
    /// A range as one key; every port of it goes to one port of the backend.
    case range
    /// A range as one key; the client's port is kept.
    case kept
    /// A key for each port of the range, as each goes to another.
    case expanded
}
