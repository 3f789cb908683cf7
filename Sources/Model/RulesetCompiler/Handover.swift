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

    public init(
        family: AddressFamily, tableSize: Int, scheduler: Scheduler, transports: Set<TransportProtocol>, slots: [Int: Int],
        backends: [FormerBackend]
    ) {
        (self.family, self.tableSize, self.scheduler) = (family, tableSize, scheduler)
        (self.transports, self.slots, self.backends) = (transports, slots, backends)
    }
}

/// A backend that slots had; it need not be in the farm any more.
public struct FormerBackend: Sendable, Hashable {
    public var backend: Backend
    /// As in `BackendCondition`; a dsr backend without one gets no packets.
    public var nextHop: NextHop?

    public init(backend: Backend, nextHop: NextHop? = nil) { (self.backend, self.nextHop) = (backend, nextHop) }
}
