import FarmModel
import NetTypes
import Ruleset

/// What one farm adds to the ruleset.
public struct CompiledFarm: Sendable, Hashable {
    /// The chains that its packets can go through, those of a handover included, so that a handover changes elements alone.
    var courses: Set<Course> = []
    var elements: [SetName: ElementTable] = [:]
    /// Elements that other farms may have too; `formerShared` gives way to those of any farm.
    var shared: [SetName: ElementTable] = [:]
    var formerShared: [SetName: ElementTable] = [:]
    /// Next hops of dsr backends; shared with other farms.
    var nextHops: Set<NextHop> = []
    var rewriting: Rewriting = []
    var census = Census()
    var errors: Set<ErrorCourse> = []
    var tracked: Set<TrackedBackend> = []
    /// Those whose connections are reset when they go down, and those that are down.
    var resettable: Set<TrackedBackend> = []
    var resetting: Set<TrackedBackend> = []
    var asides: Set<Aside> = []
    /// Of its listeners.
    var transports: Set<TransportProtocol> = []
    /// The networks of policies; equal ones of several farms are one set.
    var lists: [SetName: ElementTable] = [:]
    /// Whose packets its elements count; of equal elements the first counts for both.
    public internal(set) var counted: [CountedElement] = []
    /// The backend's index by slot and family; empty for a family without a usable backend.
    public internal(set) var slots: [AddressFamily: [UInt16]] = [:]
    /// Nil when verdicts change more than slots.
    var slotPlaces: [SlotPlace]?

    struct SetName: Sendable, Hashable {
        let table: TableFamily
        let name: String
        let type: SetType

        /// A name means one type, as long as a daemon runs.
        func hash(into hasher: inout Hasher) { hasher.combine(name) }

        init(_ table: TableFamily, _ name: String, _ type: SetType) { (self.table, self.name, self.type) = (table, name, type) }
        init(_ table: TableFamily, _ set: ElementSet) { self.init(table, set.name, set.type) }
    }

    /// The families and kinds of ports that stateless NAT rewrites.
    typealias Rewriting = Set<Variant>
}

extension CompiledFarm {
    /// Compiles one farm. `conditions` stand by the backend's index.
    ///
    /// `previous`: what came of the same plan under other conditions, where it is at hand. It saves work, and changes nothing.
    public init(_ plan: FarmPlan, _ conditions: [BackendCondition], handover: Handover = .none, previous: CompiledFarm? = nil) {
        precondition(conditions.count == plan.farm.backends.count, "a condition for each backend")
        if let same = previous?.under(conditions, plan) {
            self = same
            return
        }
        slots = plan.slots(conditions)
        var writer = FarmWriter(plan: plan, conditions: conditions, slots: slots, handover: handover)
        writer.write()
        courses = writer.courses
        elements = writer.rows.tables
        shared = writer.shared.tables
        formerShared = writer.formerShared.tables
        (rewriting, census, errors) = (writer.rewriting, writer.census, writer.errors)
        transports = Set(plan.farm.listeners.map(\.transport))
        (tracked, asides, lists) = (writer.tracked, writer.asides, writer.lists)
        (resettable, resetting, counted) = (writer.resettable, writer.resetting, writer.counted)
        slotPlaces = resettable.isEmpty ? writer.slotPlaces : nil
        if case .dsr = plan.farm.mode {
            nextHops = Set(conditions.compactMap(\.nextHop) + handover.moving.flatMap { $0.backends.compactMap(\.nextHop) })
        }
    }

    /// Whether the same sets and chains hold both, so that going from one to the other only exchanges elements of the farm's own.
    func hasShape(of other: CompiledFarm) -> Bool {
        courses == other.courses && nextHops == other.nextHops && shared == other.shared && formerShared == other.formerShared
            && rewriting == other.rewriting && transports == other.transports && census == other.census && errors == other.errors
            && tracked == other.tracked
            && resettable == other.resettable && resetting == other.resetting
            && asides == other.asides && lists == other.lists && elements.keys == other.elements.keys
    }
}

/// Rows by set.
struct Rows {
    private var blocks: [CompiledFarm.SetName: [UInt8]] = [:]

    subscript(set: CompiledFarm.SetName) -> [UInt8] {
        get { blocks[set] ?? [] }
        _modify { yield &blocks[set, default: []] }
    }

    var tables: [CompiledFarm.SetName: ElementTable] {
        blocks.reduce(into: [:]) { $0[$1.key] = ElementTable($1.key.type.layout, unsortedRows: $1.value) }
    }
}

extension Farm {
    var path: Selection.Path {
        switch mode {
        case .dnat, .snat, .local: .translate
        case .dsr: .direct
        case .stateless: .stateless
        }
    }
}

extension Scheduler {
    func selector(of farm: Farm) -> Selection.Selector {
        switch self {
        case .roundRobin: .turns(farm: farm.name)
        case .random, .leastConnections: .random
        case .symmetricHash: .symmetricHash
        case .hash(let inputs), .maglev(let inputs): .hash(inputs)
        }
    }
}
