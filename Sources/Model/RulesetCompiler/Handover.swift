import FarmModel
import NetTypes

/// Where the flows of slots are that have moved; only for farms whose mode keeps no state per flow (dsr, stateless).
public struct Handover: Sendable, Hashable {
    /// At most one for each address family.
    public var moving: [MovingSlots]

    public init(moving: [MovingSlots] = []) { self.moving = moving }
    public static let none = Handover()
}

/// Slots that move, as they were before.
public struct MovingSlots: Sendable, Hashable {
    public var family: AddressFamily
    /// How the slots are counted: the table as it was, which may have had another size or other inputs than now.
    public var tableSize: Int
    public var scheduler: Scheduler
    /// Only listeners of these protocols are in transition.
    public var transports: Set<TransportProtocol>
    /// By slot, 0 ..< tableSize: an index into `backends`.
    public var slots: [Int: Int]
    public var backends: [FormerBackend]
    /// Slots in which flows may be that are not with their slot's present backend, moving or not. Nil: any. The others need no detour;
    /// those of a table that is counted in another way always do.
    public var touched: Set<Int>?

    public init(
        family: AddressFamily, tableSize: Int, scheduler: Scheduler, transports: Set<TransportProtocol>, slots: [Int: Int],
        backends: [FormerBackend], touched: Set<Int>? = nil
    ) {
        (self.family, self.tableSize, self.scheduler) = (family, tableSize, scheduler)
        (self.transports, self.slots, self.backends, self.touched) = (transports, slots, backends, touched)
    }
}

/// Slots whose packets have to go through the handover.
enum DetouredSlots {
    case all
    case some(Set<Int>)

    func contains(_ slot: Int) -> Bool {
        switch self {
        case .all: true
        case .some(let slots): slots.contains(slot)
        }
    }
}

extension MovingSlots {
    func detoured(from former: Selection, to selection: Selection) -> DetouredSlots {
        guard former == selection, let touched else { return .all }
        return .some(touched.union(slots.keys))
    }
}

/// A backend that slots had; it need not be in the farm any more.
public struct FormerBackend: Sendable, Hashable {
    public var backend: Backend
    /// As in `BackendCondition`; a dsr backend without one gets no packets.
    public var nextHop: NextHop?

    public init(backend: Backend, nextHop: NextHop? = nil) { (self.backend, self.nextHop) = (backend, nextHop) }
}
