import FarmModel
import NetTypes
import Ruleset

/// A farm with its base tables: what stays the same until its configuration or a weight changes.
public struct FarmPlan: Sendable, Hashable {
    public let farm: Farm
    public let tableSize: Int
    let tables: [AddressFamily: SlotTable]

    /// `weights` after overrides, by the backend's index. A weight that an override sets to 0 keeps its place in the base table,
    /// as a drained backend does, so that nobody else's clients move.
    public init(_ farm: Farm, weights: [Int]? = nil) {
        self.farm = farm
        tableSize = farm.slotCount
        let size = tableSize
        let effective = weights ?? farm.backends.map(\.weight)
        var tables: [AddressFamily: SlotTable] = [:]
        for family in Set(farm.listeners.map(\.address.family)) {
            let members = Self.members(of: farm, family) { effective[$0] > 0 ? effective[$0] : farm.backends[$0].weight }
            tables[family] = SlotTable(members: members, size: size, scheduler: farm.scheduler)
        }
        self.tables = tables
    }

    fileprivate static func members(of farm: Farm, _ family: AddressFamily, weight: (Int) -> Int) -> [SlotTable.Member] {
        farm.backends.indices.filter { farm.backends[$0].address.family == family }.map {
            SlotTable.Member(index: $0, name: farm.backends[$0].name, weight: weight($0), priority: farm.backends[$0].priority)
        }
    }

    /// For each family the backend's index by slot; empty while nobody serves.
    public func slots(_ conditions: [BackendCondition]) -> [AddressFamily: [UInt16]] {
        tables.reduce(into: [:]) { result, entry in
            let members = Self.members(of: farm, entry.key) { conditions[$0].weight }
            result[entry.key] = entry.value.filled(serving: serving(members, conditions: conditions, quorum: farm.quorum))
        }
    }
}

/// What one farm adds to the ruleset.
public struct CompiledFarm: Sendable, Hashable {
    /// The chains it goes through.
    var selections: Set<Selection> = []
    var elements: [SetName: ElementTable] = [:]
    /// Next hops of dsr backends; shared with other farms.
    var nextHops: Set<NextHop> = []
    /// The backend's index by slot and family; empty for a family without a usable backend.
    public internal(set) var slots: [AddressFamily: [UInt16]] = [:]

    struct SetName: Sendable, Hashable {
        let table: TableFamily
        let name: String
        let type: SetType
    }
}

extension CompiledFarm {
    /// Compiles one farm. `conditions` stand by the backend's index.
    public init(_ plan: FarmPlan, _ conditions: [BackendCondition]) {
        precondition(conditions.count == plan.farm.backends.count, "a condition for each backend")
        slots = plan.slots(conditions)
        var writer = FarmWriter(plan: plan, conditions: conditions, slots: slots)
        for listener in plan.farm.listeners {
            for ports in listener.ports { writer.write(listener, ports) }
        }
        selections = writer.selections
        elements = writer.rows.mapValues { $0 }.reduce(into: [:]) { $0[$1.key] = ElementTable($1.key.type.layout, unsortedRows: $1.value) }
        if case .dsr = plan.farm.mode { nextHops = Set(conditions.compactMap(\.nextHop)) }
    }
}

/// Writes a farm's rows, listener by listener.
private struct FarmWriter {
    let plan: FarmPlan
    let conditions: [BackendCondition]
    let slots: [AddressFamily: [UInt16]]
    var selections: Set<Selection> = []
    var rows: [CompiledFarm.SetName: [UInt8]] = [:]

    private var farm: Farm { plan.farm }

    mutating func write(_ listener: Listener, _ ports: PortRange) {
        switch farm.form(of: ports, listener.address.family) {
        case .single: write(listener, ports, .single)
        case .range: write(listener, ports, .range)
        case .kept: write(listener, ports, .kept)
        case .expanded:
            for port in ports.first...ports.last {
                if let one = PortRange(port) { write(listener, one, .single, offset: port - ports.first) }
            }
        }
    }

    private mutating func write(_ listener: Listener, _ ports: PortRange, _ form: Selection.Ports, offset: UInt16 = 0) {
        let selection = Selection(
            path: farm.mode == .dsr ? .direct : .translate, family: listener.address.family, ports: form, modulus: plan.tableSize,
            selector: farm.selector)
        let key = KeyWriter(listener, ports, isRange: form != .single)
        let table = slots[listener.address.family] ?? []
        let chain = table.isEmpty ? NoBackend.chainName(farm.noBackend) : selection.chainName
        dispatch(key, to: chain, selection)
        // Chains and sets follow from configuration alone: a farm that loses its last backend changes elements, not the shape.
        selections.insert(selection)
        let name = CompiledFarm.SetName(table: selection.table, name: selection.slotMapName, type: selection.slotMapType)
        var values: [UInt16: [UInt8]] = [:]
        var block = rows[name] ?? []
        block.reserveCapacity(block.count + table.count * selection.slotMapType.layout.rowLength)
        for (slot, backend) in table.enumerated() {
            key.append(to: &block, slot: UInt32(slot))
            let value = values[backend] ?? value(of: Int(backend), selection, ports, offset)
            values[backend] = value
            block += value
        }
        rows[name] = block
        if case .snat(let addresses) = farm.mode { translateSource(key, listener, addresses, ports, offset) }
    }

    private mutating func dispatch(_ key: KeyWriter, to chain: String?, _ selection: Selection) {
        let name = CompiledFarm.SetName(
            table: selection.table, name: Dispatch.mapName(key.family, isRange: key.isRange),
            type: Dispatch.mapType(key.family, isRange: key.isRange))
        var block = rows[name] ?? []
        if let chain {
            key.append(to: &block)
            block.append(chain: chain)
        }
        rows[name] = block
    }

    private func value(of backend: Int, _ selection: Selection, _ ports: PortRange, _ offset: UInt16) -> [UInt8] {
        if selection.path == .direct {
            guard let hop = conditions[backend].nextHop else { preconditionFailure("a dsr backend without a next hop is not usable") }
            return hop.destination.octets
        }
        var value: [UInt8] = []
        farm.backends[backend].address.appendOctets(to: &value)
        if selection.hasPortInValue { value.append(padded: self.ports(of: farm.backends[backend], ports, offset).first) }
        return value
    }

    /// Where the backend takes these ports of the listener; more than one only where they are kept.
    private func ports(of backend: Backend, _ ports: PortRange, _ offset: UInt16) -> PortRange {
        guard let own = backend.port, own != ports else { return ports }
        return own.isSingle ? own : PortRange(own.first + offset) ?? own
    }

    private mutating func translateSource(
        _ key: KeyWriter, _ listener: Listener, _ addresses: [IPAddress], _ ports: PortRange, _ offset: UInt16
    ) {
        let family = listener.address.family
        let own = addresses.first { $0.family == family }
        for backend in farm.backends where backend.address.family == family {
            guard let source = backend.sourceAddress ?? own else { continue }
            let name = CompiledFarm.SetName(
                table: .inet, name: SourceTranslation.addressMap(family, isRange: key.isRange),
                type: SourceTranslation.addressType(family, isRange: key.isRange))
            key.append(to: &rows[name, default: []], backend: backend.address, ports: self.ports(of: backend, ports, offset))
            source.appendOctets(to: &rows[name, default: []])
        }
        guard own == nil else { return }
        let name = CompiledFarm.SetName(
            table: .inet, name: SourceTranslation.masqueradeSet(family, isRange: key.isRange),
            type: SourceTranslation.masqueradeType(family, isRange: key.isRange))
        key.append(to: &rows[name, default: []])
    }
}

extension Farm {
    fileprivate var selector: Selection.Selector {
        switch scheduler {
        case .roundRobin: .turns(farm: name)
        case .random, .leastConnections: .random
        case .symmetricHash: .symmetricHash
        case .hash(let inputs), .maglev(let inputs): .hash(inputs)
        }
    }
}
