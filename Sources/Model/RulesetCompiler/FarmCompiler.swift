import FarmModel
import NetTypes
import Ruleset

/// What one farm adds to the ruleset.
public struct CompiledFarm: Sendable, Hashable {
    let frame: FarmFrame
    let elements: [SetName: ElementTable]
    /// Whose packets its elements count; of equal elements the first counts for both.
    public let counted: [CountedElement]
    /// The backend's index by slot and family, or `SlotTable.vacant`; empty for a family without a usable backend.
    public let slots: [AddressFamily: [UInt16]]
    /// Whom vacant slots share; nothing for a family that has none.
    public let spares: [AddressFamily: [UInt16]]
    /// Its slots are not as they should be dealt: it was compiled in haste.
    public let isMakeshift: Bool

    struct SetName: Sendable, Hashable {
        let table: TableFamily
        let name: String
        let type: SetType

        /// A name means one type, as long as a daemon runs.
        func hash(into hasher: inout Hasher) { hasher.combine(name) }
        static func == (left: SetName, right: SetName) -> Bool { left.table == right.table && left.name == right.name }

        init(_ table: TableFamily, _ name: String, _ type: SetType) { (self.table, self.name, self.type) = (table, name, type) }
        init(_ table: TableFamily, _ set: ElementSet) { self.init(table, set.name, set.type) }
    }
}

extension CompiledFarm {
    /// Compiles one farm. `conditions` stand by the backend's index.
    ///
    /// `previous`: what came of the same plan under other conditions, where it is at hand. It saves work, and changes nothing but in haste.
    /// `turned`: in haste, the backends that have turned; slots may be left vacant, where that is done sooner than dealing them.
    public init(
        _ plan: FarmPlan, _ conditions: [BackendCondition], handover: Handover = .none, previous: CompiledFarm? = nil,
        turned: Set<Int>? = nil
    ) {
        precondition(conditions.count == plan.farm.backends.count, "a condition for each backend")
        let makeshift = turned.flatMap { turned in
            previous.flatMap { $0.frame.slotPlaces == nil ? nil : plan.makeshift(from: $0, conditions, turned: turned) }
        }
        (slots, spares) = (makeshift?.slots ?? plan.slots(conditions), makeshift?.spares ?? [:])
        isMakeshift = makeshift?.isFinal == false
        if let previous, let known = previous.elements(of: plan, slots: slots, spares: spares) {
            (frame, elements, counted) = (previous.frame, known, previous.counted)
            return
        }
        var writer = FarmWriter(plan: plan, conditions: conditions, slots: slots, spares: spares, handover: handover)
        writer.write()
        (frame, elements, counted) = (FarmFrame(writer), writer.rows.tables, writer.counted)
    }

    /// Whether the same sets and chains hold both, so that going from one to the other only exchanges elements of the farm's own.
    func hasShape(of other: CompiledFarm) -> Bool {
        frame === other.frame || frame == other.frame && elements.keys == other.elements.keys
    }

    /// What differs from a farm of the same shape.
    func elements(besides former: CompiledFarm) -> [SetName: ElementTable] {
        guard frame === former.frame, let places = frame.slotPlaces else {
            return elements.filter { former.elements[$0.key] != $0.value }
        }
        let sets = Set(places.flatMap { [$0.map, $0.spares] })
        return sets.reduce(into: [:]) { if former.elements[$1] != elements[$1] { $0[$1] = elements[$1] } }
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
