import FarmModel
import NetTypes
import Ruleset

/// What the ruleset needs to know of the host, beside the farms.
public struct Environment: Sendable, Hashable {
    /// Where frames for dsr farms come in; sorted.
    public var ingressDevices: [NetworkDevice]
    /// Where probes go, by family and protocol; several farms may share one.
    public var probeTargets: Set<Endpoint>
    /// The ports that probes leave from. Translated sources stay below.
    public var probePorts: PortRange

    public init(
        ingressDevices: [NetworkDevice] = [], probeTargets: Set<Endpoint> = [], probePorts: PortRange = Environment.defaultProbePorts
    ) {
        (self.ingressDevices, self.probeTargets, self.probePorts) = (ingressDevices.sorted(), probeTargets, probePorts)
    }

    /// Above the kernel's default ephemeral range (ip_local_port_range, 32768–60999): no other program gets them by chance.
    public static let defaultProbePorts: PortRange = {
        guard let ports = PortRange(61000, 65535) else { preconditionFailure("a legal range") }
        return ports
    }()

    var translatedPorts: PortRange {
        guard let ports = PortRange(1024, probePorts.first - 1) else { preconditionFailure("probe ports begin above 1024") }
        return ports
    }
}

/// Puts farms together to one ruleset. Equal farms, conditions and environment give equal rulesets, in any order and on any node.
public struct RulesetCompiler: Sendable {
    public private(set) var farms: [String: CompiledFarm] = [:]
    public private(set) var environment: Environment
    public private(set) var ruleset = Ruleset()

    public init(farms: [String: CompiledFarm] = [:], environment: Environment = Environment()) {
        (self.farms, self.environment) = (farms, environment)
        ruleset = assembled()
    }

    /// Replaces the farms and the environment.
    public mutating func replace(farms: [String: CompiledFarm], environment: Environment) {
        (self.farms, self.environment) = (farms, environment)
        ruleset = assembled()
    }

    /// Replaces one farm. When it goes through the same chains as before, only its elements are exchanged.
    public mutating func update(_ name: String, _ farm: CompiledFarm) {
        let previous = farms.updateValue(farm, forKey: name)
        guard let previous, previous.selections == farm.selections, previous.nextHops == farm.nextHops,
            Set(previous.elements.keys) == Set(farm.elements.keys)
        else {
            ruleset = assembled()
            return
        }
        for (set, rows) in farm.elements where previous.elements[set] != rows { ruleset.replace(set, fragment: name, rows) }
    }

    private func assembled() -> Ruleset {
        let isTranslating = farms.values.contains { $0.elements.keys.contains { $0.table == .inet } }
        let isDirect = farms.values.contains { $0.elements.keys.contains { $0.table == .netdev } }
        var tables: [Table] = []
        if isTranslating || !environment.probeTargets.isEmpty { tables.append(translatingTable()) }
        if isDirect { tables.append(directTable()) }
        return Ruleset(tables: tables)
    }
}

extension RulesetCompiler {
    private func translatingTable() -> Table {
        let dispatch = dispatchVariants(.inet)
        var sets = elementSets(.inet, dispatch)
        for family in AddressFamily.allCases {
            if let set = probeTargets(family) { sets[set.name] = set }
        }
        var chains = NoBackend.chains + selectionChains(.translate)
        chains += sourceTranslationChains(sets)
        chains.append(base(Hooks.dispatch, dispatch.map { Dispatch.rule($0.family, isRange: $0.isRange) }))
        let probed = AddressFamily.allCases.filter { sets[Probes.targetSet($0)] != nil }
        if !probed.isEmpty {
            chains.append(base(Hooks.untrackedOut, probed.map { Probes.outgoing($0, ports: environment.probePorts) }))
            chains.append(base(Hooks.untrackedIn, probed.map { Probes.incoming($0, ports: environment.probePorts) }))
        }
        return Table(family: .inet, sets: Array(sets.values), chains: chains)
    }

    private func directTable() -> Table {
        let dispatch = dispatchVariants(.netdev)
        var sets = elementSets(.netdev, dispatch)
        for set in nextHopSets() { sets[set.name] = set }
        var chains = NoBackend.chains + [Direct.chain] + selectionChains(.direct)
        let rules = dispatch.map { Dispatch.rule($0.family, isRange: $0.isRange) }
        chains += environment.ingressDevices.map { base(Hooks.ingress($0), rules) }
        return Table(family: .netdev, sets: Array(sets.values), chains: chains)
    }

    private func base(_ entry: Hooks.Entry, _ rules: [Rule]) -> Chain { Chain(entry.name, base: entry.base, rules: rules) }

    /// Exact ports of both families always, so that the first farm of a family changes no rule; ranges where there are some.
    private func dispatchVariants(_ table: TableFamily) -> [Variant] {
        let used = Set(farms.values.flatMap { $0.elements.keys.filter { $0.table == table }.map(\.name) })
        return Variant.all.filter { !$0.isRange || used.contains(Dispatch.mapName($0.family, isRange: $0.isRange)) }
    }

    /// The sets of all farms; the dispatch maps also when they are empty, as rules ask them.
    private func elementSets(_ table: TableFamily, _ dispatch: [Variant]) -> [String: ElementSet] {
        var sets: [String: ElementSet] = [:]
        for variant in dispatch {
            let name = Dispatch.mapName(variant.family, isRange: variant.isRange)
            sets[name] = ElementSet(name: name, type: Dispatch.mapType(variant.family, isRange: variant.isRange))
        }
        for (name, farm) in farms {
            for (set, rows) in farm.elements where set.table == table {
                sets[set.name, default: ElementSet(name: set.name, type: set.type)].fragments[name] = rows
            }
        }
        return sets
    }

    private func selectionChains(_ path: Selection.Path) -> [Chain] {
        let selections = farms.values.reduce(into: Set<Selection>()) { $0.formUnion($1.selections) }
        return selections.filter { $0.path == path }.map(\.chain).sorted { $0.name < $1.name }
    }

    private func sourceTranslationChains(_ sets: [String: ElementSet]) -> [Chain] {
        let masquerade = Variant.all.filter { sets[SourceTranslation.masqueradeSet($0.family, isRange: $0.isRange)] != nil }
        let address = Variant.all.filter { sets[SourceTranslation.addressMap($0.family, isRange: $0.isRange)] != nil }
        guard !masquerade.isEmpty || !address.isEmpty else { return [] }
        return [
            SourceTranslation.chain(masquerade: masquerade, address: address, ports: environment.translatedPorts),
            base(Hooks.sourceTranslation, [Rule(.destinationTranslated, .verdict(.jump(SourceTranslation.chainName)))]),
        ]
    }

    private func probeTargets(_ family: AddressFamily) -> ElementSet? {
        let targets = environment.probeTargets.filter { $0.address.family == family }
        guard !targets.isEmpty else { return nil }
        var rows: [UInt8] = []
        for target in targets {
            target.address.appendOctets(to: &rows)
            rows += [TransportProtocol.tcp.rawValue, 0, 0, 0]
            rows.append(padded: target.port)
        }
        let type = Probes.targetType(family)
        return ElementSet(name: Probes.targetSet(family), type: type, fragments: [.shared: ElementTable(type.layout, unsortedRows: rows)])
    }

    private func nextHopSets() -> [ElementSet] {
        let hops = farms.values.reduce(into: Set<NextHop>()) { $0.formUnion($1.nextHops) }
        var (sources, devices): ([UInt8], [UInt8]) = ([], [])
        // One MAC can stand behind two devices; which one is used has to be decided alike on each run.
        for hop in hops.sorted(by: { ($0.destination, $0.device, $0.source) < ($1.destination, $1.device, $1.source) }) {
            sources += hop.destination.octets + hop.source.octets
            devices += hop.destination.octets
            withUnsafeBytes(of: hop.device.index) { devices.append(contentsOf: $0) }
        }
        return [(Direct.sourceMap, Direct.sourceMapType, sources), (Direct.deviceMap, Direct.deviceMapType, devices)].map {
            name, type, rows in
            ElementSet(name: name, type: type, fragments: [.shared: ElementTable(type.layout, unsortedRows: rows)])
        }
    }
}

extension Ruleset {
    fileprivate mutating func replace(_ set: CompiledFarm.SetName, fragment: Fragment, _ rows: ElementTable) {
        guard let table = tables.firstIndex(where: { $0.family == set.table }),
            let index = tables[table].sets.firstIndex(where: { $0.name == set.name })
        else { preconditionFailure("set \(set.name) was assembled with the farm") }
        tables[table].sets[index].fragments[fragment] = rows
    }
}
