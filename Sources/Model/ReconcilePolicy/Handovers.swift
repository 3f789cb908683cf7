import FarmModel
import HealthPolicy
import NetTypes

/// Decides which slots of a farm are in transition (docs/design/handover.md).
///
/// A flow that began during a transition is remembered by the kernel; any other is with the backend that its slot had before. So a slot
/// that moves on keeps its first backend as the old one, and a transition lasts as long as flows are in need of either.
public struct Handovers {
    public let settings: HandoverSettings
    public let now: MonotonicInstant
    /// What is known of the farm's old path; nil: nobody has looked yet.
    public let oldPath: PathUse?
    /// Nothing is left there to hand over: down, or nobody answers for it.
    public let isDead: (Destination) -> Bool

    public init(
        _ settings: HandoverSettings, now: MonotonicInstant, oldPath: PathUse? = nil, isDead: @escaping (Destination) -> Bool
    ) {
        (self.settings, self.now, self.oldPath, self.isDead) = (settings, now, oldPath, isDead)
    }

    /// What is in transition once the kernel, which serves the farm as `before`, serves it as `after`.
    public func transitions(from before: ServedFarm?, to after: ServedFarm) -> [Transition] {
        guard let before, before.mode == after.mode, before.counting.scheduler.isRepeatable, after.counting.scheduler.isRepeatable else {
            return []
        }
        // Thousands of farms may be looked at because one neighbour has changed its MAC.
        if before.transitions.isEmpty, before.counting == after.counting, before.slots == after.slots, before.backends == after.backends {
            return []
        }
        return after.transports.keys.sorted().flatMap { family in
            Transition.Kind.allCases.compactMap { kind in
                guard let transports = after.transports[family], !transports.isDisjoint(with: kind.transports) else { return nil }
                return transition(family, kind, before, after)
            }
        }
    }

    private func transition(_ family: AddressFamily, _ kind: Transition.Kind, _ before: ServedFarm, _ after: ServedFarm) -> Transition? {
        let running = before.transition(family, kind)
        let old = before.destinations(family)
        let isSame = before.counting.isLike(after.counting)
        let new = isSame ? after.destinations(family) : []
        let left = old.indices.filter { !isSame || new.isEmpty || new[$0] != old[$0] }
        var result = running ?? Transition(family, kind, before.counting, began: now)
        if result.moves.isEmpty { result.counting = before.counting }
        if result.counting.isLike(before.counting) {
            for slot in left where result.moves[slot] == nil {
                if let destination = old[slot] { result.moves[slot] = .init(destination, since: now) }
            }
        }
        // Another counting mixes flows of all slots.
        let isMixed = !isSame || !result.counting.isLike(after.counting)
        result.touched.formUnion(isMixed ? Array(0..<after.counting.tableSize) : Array(result.moves.keys))
        // While no transition ran nobody was remembered, so nobody can stray.
        if running != nil, kind == .remembered {
            for destination in Set(left.compactMap { old[$0] }) { result.strays[destination] = now }
        }
        prune(&result, returning: result.counting.isLike(after.counting) ? after.destinations(family) : [])
        result.note(before.backends + after.backends, before.mode)
        return result.isOver ? nil : result
    }

    /// Takes out what has ended: slots that are back, backends that died, time that has passed.
    private func prune(_ transition: inout Transition, returning new: [Destination?]) {
        let longest = settings.longest(transition.kind)
        transition.moves = transition.moves.filter { slot, move in
            let isBack = !new.isEmpty && new[slot] == move.destination
            return !isBack && !isDead(move.destination) && move.since.duration(to: now) < longest
                && !(transition.kind == .remembered && isQuiet(since: move.since))
        }
        transition.strays = transition.strays.filter { destination, last in
            !isDead(destination) && last.duration(to: now) < settings.limit && !isForgotten(transition.family, since: last)
        }
    }

    /// Nobody is remembered, so nobody strays: as after a start at which backends came up one by one, before any client did.
    private func isForgotten(_ family: AddressFamily, since: MonotonicInstant) -> Bool {
        guard let oldPath else { return false }
        return oldPath.forgotten.contains(family) && oldPath.lastLook > since
    }

    private func isQuiet(since: MonotonicInstant) -> Bool {
        guard let oldPath else { return false }
        return max(since, oldPath.lastUse).duration(to: oldPath.lastLook) >= settings.quiet
    }
}

extension Transition {
    /// Keeps what has to be known of its backends.
    fileprivate mutating func note(_ backends: [Backend], _ mode: ForwardingMode) {
        let wanted = Set(moves.values.map(\.destination)).union(strays.keys)
        let known = Dictionary(backends.map { (Destination(of: $0, mode), $0) }) { first, _ in first }
        former = wanted.reduce(into: [:]) { $0[$1] = former[$1] ?? known[$1] }
    }
}

/// What counters say of the old path of a farm.
public struct PathUse: Sendable, Hashable {
    /// When it was seen to have carried a packet; the first look counts as one.
    public var lastUse: MonotonicInstant
    public var lastLook: MonotonicInstant
    /// Families of which no flow was remembered at the last look.
    public var forgotten: Set<AddressFamily>

    public init(lastUse: MonotonicInstant, lastLook: MonotonicInstant, forgotten: Set<AddressFamily> = []) {
        (self.lastUse, self.lastLook, self.forgotten) = (lastUse, lastLook, forgotten)
    }
}
