import FarmModel
import NetTypes

/// How a farm without conntrack is served: its slots, and what of it is in transition.
public struct ServedFarm: Sendable, Hashable {
    public var mode: ForwardingMode
    public var counting: SlotCounting
    /// Index into `backends` by slot; `nobody` where it is not known. Empty for a family that nobody serves.
    public var slots: [AddressFamily: [UInt16]]
    public var backends: [Backend]
    /// What its listeners are made of.
    public var transports: [AddressFamily: Set<TransportProtocol>]
    public var transitions: [Transition]

    public static let nobody = UInt16.max

    public init(
        mode: ForwardingMode, counting: SlotCounting, slots: [AddressFamily: [UInt16]], backends: [Backend],
        transports: [AddressFamily: Set<TransportProtocol>], transitions: [Transition] = []
    ) {
        (self.mode, self.counting, self.slots, self.backends) = (mode, counting, slots, backends)
        (self.transports, self.transitions) = (transports, transitions)
    }

    init(_ farm: Farm, tableSize: Int, slots: [AddressFamily: [UInt16]]) {
        let transports = Dictionary(grouping: farm.listeners, by: \.address.family).mapValues { Set($0.map(\.transport)) }
        self.init(
            mode: farm.mode, counting: SlotCounting(tableSize: tableSize, scheduler: farm.scheduler), slots: slots,
            backends: farm.backends, transports: transports)
    }

    func transition(_ family: AddressFamily, _ kind: Transition.Kind) -> Transition? {
        transitions.first { $0.family == family && $0.kind == kind }
    }

    /// Where each slot's packets end.
    func destinations(_ family: AddressFamily) -> [Destination?] {
        let known = backends.map { Destination(of: $0, mode) }
        return (slots[family] ?? []).map { $0 == Self.nobody ? nil : known[Int($0)] }
    }
}
