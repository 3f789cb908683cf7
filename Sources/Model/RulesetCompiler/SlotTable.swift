import FarmModel
import NetTypes

/// Which backend each slot of a farm names, for one address family.
///
/// The base table comes from configuration alone. A slot whose own backend is usable moves only when a further tier joins; the slots of the
/// others are dealt out so that every usable backend comes as near to its share as the slots allow.
public struct SlotTable: Sendable, Hashable {
    /// Number of slots.
    public let size: Int
    /// For each slot the backend's index in the farm.
    let base: [UInt16]
    /// The priority of those that the base table names.
    let tier: Int?
    private let isInTurns: Bool

    /// The number of spares, which stand behind the slots; their own numbers begin at `size`. Few, as they are written when there is no
    /// time; more for larger tables, which have more backends to spread clients over.
    static func spareCount(_ size: Int) -> Int { max(8, size / 16) }
    /// In place of a backend's index: the slot names nobody, so that its packets go to a spare.
    public static let vacant = UInt16.max

    /// What the table has to know of a backend at the moment.
    public struct Member: Sendable, Hashable {
        public let index: Int
        public let name: String
        /// 0–1000, after overrides.
        public let weight: Int
        public let priority: Int
        /// Per cent of its weight that it gets, 1–100.
        public let ramp: Int

        public init(index: Int, name: String, weight: Int, priority: Int, ramp: Int = 100) {
            (self.index, self.name, self.weight, self.priority, self.ramp) = (index, name, weight, priority, ramp)
        }
    }

    /// Fills the base table with the lowest tier that has a weight. `members` may stand in any order.
    public init(members: [Member], size: Int, scheduler: Scheduler) {
        self.size = size
        isInTurns = !scheduler.keepsClients
        let tier = members.filter { $0.weight > 0 }.map(\.priority).min()
        self.tier = tier
        let own = members.filter { $0.priority == tier && $0.weight > 0 }.sorted { $0.name < $1.name }
        guard !own.isEmpty else {
            base = []
            return
        }
        let dealt = Self.deal(Array(0..<size), among: own, quotas: quotas(of: own.map(\.weight), slots: size), inTurns: isInTurns)
        base = dealt.map(UInt16.init)
    }

    /// The table as it is to be now; nil entries never occur: either some backend serves and each slot names one, or the result is empty.
    public func filled(serving: [Member]) -> [UInt16] {
        guard !serving.isEmpty, serving.contains(where: { $0.weight > 0 }) else { return [] }
        let serving = serving.filter { $0.weight > 0 }.sorted { $0.name < $1.name }
        let current = base.isEmpty ? [UInt16](repeating: .max, count: size) : base
        let targets = quotas(of: serving.map { $0.weight * $0.ramp }, slots: size)
        // Tiers that have joined want their share, also where everybody of the first one serves: in a panic, or below the quorum.
        let hasJoined = serving.contains { $0.priority != tier }
        let ceded = ceded(by: zip(serving, targets).filter { $0.0.ramp < 100 || hasJoined })
        // By the backend's index: how many slots it keeps; nil for one that does not serve.
        var kept = [Int?](repeating: nil, count: 1 + (serving.map(\.index).max() ?? 0))
        for member in serving { kept[member.index] = 0 }
        var orphans: [Int] = []
        for (slot, backend) in current.enumerated() {
            if Int(backend) < kept.count, let count = kept[Int(backend)], !ceded.contains(slot) {
                kept[Int(backend)] = count + 1
            } else {
                orphans.append(slot)
            }
        }
        guard !orphans.isEmpty else { return current }
        let needs = zip(serving, targets).map { max(0, $1 - (kept[$0.index] ?? 0)) }
        // A backend that already holds more than its share has no need; the needs of the rest may then exceed the orphans.
        let dealt = Self.deal(orphans, among: serving, quotas: quotas(of: needs, slots: orphans.count), inTurns: isInTurns)
        var result = current
        for (slot, backend) in zip(orphans, dealt) { result[slot] = UInt16(backend) }
        return result
    }

    /// What is soonest done when thousands of backends change at once: those that arrive get their own slots back, those that leave leave
    /// theirs vacant, and nothing is dealt to anybody, as the next failure may be on its way.
    func vacated(from current: [UInt16], arriving: BackendSet, leaving: BackendSet) -> [UInt16] {
        let current = current.isEmpty ? [UInt16](repeating: Self.vacant, count: size) : current
        return zip(base, current).map { own, now in arriving.contains(own) ? own : leaving.contains(now) ? Self.vacant : now }
    }

    /// The backends of the spares, as many for each as for the others. One whose backend in `current` serves and has not too many stays
    /// with it. `turn`: where dealing begins, so that farms with the same backends do not all begin with the same one.
    func spares(from current: [UInt16], serving: [Member], turn: UInt64) -> [UInt16] {
        let serving = serving.filter { $0.weight > 0 }
        guard !serving.isEmpty else { return [] }
        let count = Self.spareCount(size)
        let most = (count + serving.count - 1) / serving.count
        // By the backend's index: how many it has; nil for one that does not serve.
        var held = [Int?](repeating: nil, count: 1 + (serving.map(\.index).max() ?? 0))
        for member in serving { held[member.index] = 0 }
        var next = Int(turn % UInt64(serving.count))
        let kept = (0..<count).map { place -> Int? in
            guard place < current.count, Int(current[place]) < held.count, let own = held[Int(current[place])], own < most else {
                return nil
            }
            held[Int(current[place])] = own + 1
            return Int(current[place])
        }
        return kept.map { backend in
            if let backend { return UInt16(backend) }
            while let own = held[serving[next].index], own >= most { next = (next + 1) % serving.count }
            let index = serving[next].index
            held[index] = (held[index] ?? 0) + 1
            next = (next + 1) % serving.count
            return UInt16(index)
        }
    }

    /// Slots of these backends beyond what each may have now. What one that starts slowly keeps grows by slots and loses none as its ramp goes up;
    /// one it keeps from the start.
    private func ceded(by members: [(member: Member, quota: Int)]) -> Set<Int> {
        members.reduce(into: []) { ceded, entry in
            let own = identity(of: entry.member.name)
            let slots = base.indices.filter { Int(base[$0]) == entry.member.index }
            let byChance = slots.map { (slot: $0, rank: mixed(own ^ UInt64($0))) }.sorted { $0.rank < $1.rank }
            ceded.formUnion(byChance.dropFirst(max(1, entry.quota)).map(\.slot))
        }
    }

    private static func deal(_ slots: [Int], among members: [Member], quotas: [Int], inTurns: Bool) -> [Int] {
        var taken: Set<UInt64> = []
        let candidates = zip(members, quotas).map { member, quota in
            // Names made to collide must not tie for every slot.
            var own = identity(of: member.name)
            while !taken.insert(own).inserted { own = mixed(own) }
            return Candidate(backend: member.index, identity: own, quota: quota)
        }
        let dealing: any Dealing = inTurns ? DealingInTurns() : DealingByPreference()
        return dealing.deal(slots, among: candidates)
    }
}

/// Backends of a farm, by their indices: asked once for each of thousands of slots.
struct BackendSet {
    private var isMember: [Bool]

    init(_ indices: some Collection<Int>) {
        isMember = [Bool](repeating: false, count: 1 + (indices.max() ?? -1))
        for index in indices { isMember[index] = true }
    }

    func contains(_ index: UInt16) -> Bool { Int(index) < isMember.count && isMember[Int(index)] }
}
