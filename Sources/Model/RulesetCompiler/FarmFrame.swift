import FarmModel
import NetTypes
import Ruleset

/// What of a compiled farm stays as it is when verdicts only move slots. An object, so that ten thousand farms are exchanged in a mass
/// failure without copying it.
final class FarmFrame: Sendable {
    /// The chains that its packets can go through, those of a handover included, so that a handover changes elements alone.
    let courses: Set<Course>
    /// Elements that other farms may have too; `formerShared` gives way to those of any farm.
    let shared: [CompiledFarm.SetName: ElementTable]
    let formerShared: [CompiledFarm.SetName: ElementTable]
    /// Next hops of dsr backends; shared with other farms.
    let nextHops: Set<NextHop>
    /// The families and kinds of ports that stateless NAT rewrites.
    let rewriting: Set<Variant>
    let census: Census
    let errors: Set<ErrorCourse>
    let tracked: Set<TrackedBackend>
    /// Those whose connections are reset when they go down, and those that are down.
    let resettable: Set<TrackedBackend>
    let resetting: Set<TrackedBackend>
    let asides: Set<Aside>
    /// Of its listeners.
    let transports: Set<TransportProtocol>
    /// The networks of policies; equal ones of several farms are one set.
    let lists: [CompiledFarm.SetName: ElementTable]
    /// Nil when verdicts change more than slots.
    let slotPlaces: [SlotPlace]?

    init(_ writer: FarmWriter) {
        courses = writer.courses
        shared = writer.shared.tables
        formerShared = writer.formerShared.tables
        (rewriting, census, errors) = (writer.rewriting, writer.census, writer.errors)
        transports = Set(writer.farm.listeners.map(\.transport))
        (tracked, asides, lists) = (writer.tracked, writer.asides, writer.lists)
        (resettable, resetting) = (writer.resettable, writer.resetting)
        slotPlaces = resettable.isEmpty ? writer.slotPlaces : nil
        let moving = writer.handover.moving.flatMap { $0.backends.compactMap(\.nextHop) }
        nextHops = writer.farm.mode == .dsr ? Set(writer.conditions.compactMap(\.nextHop) + moving) : []
    }
}

extension FarmFrame: Hashable {
    static func == (left: FarmFrame, right: FarmFrame) -> Bool {
        left === right
            || left.courses == right.courses && left.nextHops == right.nextHops && left.shared == right.shared
                && left.formerShared == right.formerShared && left.rewriting == right.rewriting && left.transports == right.transports
                && left.census == right.census && left.errors == right.errors && left.tracked == right.tracked
                && left.resettable == right.resettable && left.resetting == right.resetting && left.asides == right.asides
                && left.lists == right.lists && left.slotPlaces == right.slotPlaces
    }

    func hash(into hasher: inout Hasher) { hasher.combine(courses) }
}
