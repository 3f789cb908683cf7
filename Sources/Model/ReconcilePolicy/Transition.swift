import FarmModel
import HealthPolicy
import NetTypes
import RulesetCompiler

/// Slots of one farm and family that have moved while flows may still be with the backends they had.
public struct Transition: Sendable, Hashable {
    /// How flows that begin during the transition are told from those that began before.
    public enum Kind: Sendable, Hashable, CaseIterable {
        /// tcp: a SYN says that a flow begins; the kernel remembers its backend. Other protocols of a listener that takes all stay with
        /// the old backend as long as it lasts.
        case remembered
        /// udp: nothing says so; all packets of a moved slot stay with the old backend for a while.
        case held

        public var transports: Set<TransportProtocol> {
            switch self {
            case .remembered: [.tcp, .all]
            case .held: Set(TransportProtocol.allCases).subtracting([.tcp, .all])
            }
        }
    }

    public struct Move: Sendable, Hashable {
        /// The backend that flows of this slot have which began before `since`.
        public var destination: Destination
        public var since: MonotonicInstant

        public init(_ destination: Destination, since: MonotonicInstant) { (self.destination, self.since) = (destination, since) }
    }

    public let family: AddressFamily
    public let kind: Kind
    public internal(set) var began: MonotonicInstant
    /// How slots are counted: as the table was when the transition began.
    public internal(set) var counting: SlotCounting
    public internal(set) var moves: [Int: Move] = [:]
    /// Slots that have moved since it began, back or on: flows that began meanwhile are remembered, those of other slots are not.
    public internal(set) var touched: Set<Int> = []
    /// Backends that flows were sent to during the transition by slots that have moved on since, and when that was last. Those flows are
    /// remembered, and lost if the transition ends: no counter tells them from others.
    public internal(set) var strays: [Destination: MonotonicInstant] = [:]
    /// What is known of the backends above, which may have left the configuration.
    public internal(set) var former: [Destination: Backend] = [:]

    init(_ family: AddressFamily, _ kind: Kind, _ counting: SlotCounting, began: MonotonicInstant) {
        (self.family, self.kind, self.counting, self.began) = (family, kind, counting, began)
    }

    public var isOver: Bool { moves.isEmpty && strays.isEmpty }

    /// When the last of it ends at the latest.
    public func end(_ settings: HandoverSettings) -> MonotonicInstant {
        let last =
            moves.values.map { $0.since.advanced(by: settings.longest(kind)) } + strays.values.map { $0.advanced(by: settings.limit) }
        return last.max() ?? began
    }

    /// When the first of it may end by time alone.
    public func nextEnd(_ settings: HandoverSettings) -> MonotonicInstant? {
        let ends =
            moves.values.map { $0.since.advanced(by: settings.longest(kind)) } + strays.values.map { $0.advanced(by: settings.limit) }
        return ends.min()
    }

    /// For the compiler. `nextHops` by the backend's address.
    public func movingSlots(_ nextHops: [IPAddress: NextHop]) -> MovingSlots {
        let order = former.keys.sorted()
        let index = Dictionary(uniqueKeysWithValues: zip(order, order.indices))
        return MovingSlots(
            family: family, tableSize: counting.tableSize, scheduler: counting.scheduler, transports: kind.transports,
            slots: moves.compactMapValues { index[$0.destination] },
            backends: order.compactMap { former[$0] }.map { FormerBackend(backend: $0, nextHop: nextHops[$0.address]) },
            touched: kind == .remembered ? touched : Set(moves.keys))
    }
}

/// How packets are mapped to slots.
public struct SlotCounting: Sendable, Hashable {
    public var tableSize: Int
    public var scheduler: Scheduler

    public init(tableSize: Int, scheduler: Scheduler) { (self.tableSize, self.scheduler) = (tableSize, scheduler) }

    /// Whether each packet finds the same slot by both; how slots are filled does not matter.
    func isLike(_ other: Self) -> Bool {
        tableSize == other.tableSize && scheduler.hashInputs == other.scheduler.hashInputs
            && (scheduler == .symmetricHash) == (other.scheduler == .symmetricHash)
    }
}

extension HandoverSettings {
    /// How long a slot moves at most.
    func longest(_ kind: Transition.Kind) -> Duration { kind == .held ? min(udpHold, limit) : limit }
}
