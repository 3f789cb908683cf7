import FarmModel
import NetTypes
import Ruleset

/// What the ruleset needs to know of the host, beside the farms.
public struct Environment: Sendable, Hashable {
    /// Where frames for dsr farms come in; sorted.
    public var ingressDevices: [NetworkDevice]
    /// Where probes go, by family and protocol; several farms may share one.
    public var probeTargets: Set<Endpoint>
    /// Likewise, of probes by udp.
    public var datagramTargets: Set<Endpoint>
    /// The ports that probes leave from. Translated sources stay below.
    public var probePorts: PortRange
    /// Where probes go through farms' rules.
    public var entrances: ProbeEntrances

    public init(
        ingressDevices: [NetworkDevice] = [], probeTargets: Set<Endpoint> = [], datagramTargets: Set<Endpoint> = [],
        probePorts: PortRange = Environment.defaultProbePorts, entrances: ProbeEntrances = ProbeEntrances()
    ) {
        self.entrances = entrances
        (self.ingressDevices, self.probeTargets, self.probePorts) = (ingressDevices.sorted(), probeTargets, probePorts)
        self.datagramTargets = datagramTargets
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

    /// Replaces farms. Where they go through the same chains as before, only their elements are exchanged; else the ruleset is put
    /// together anew, once for all of them.
    public mutating func update(_ new: [String: CompiledFarm]) {
        var isShaped = true
        var changes: [(set: CompiledFarm.SetName, farm: String, rows: ElementTable)] = []
        for (name, farm) in new {
            let former = farms.updateValue(farm, forKey: name)
            isShaped = isShaped && former.map(farm.hasShape) ?? false
            guard isShaped, let former else { continue }
            for (set, rows) in farm.elements(besides: former) { changes.append((set, name, rows)) }
        }
        guard isShaped else {
            ruleset = assembled()
            return
        }
        for change in changes { ruleset.replace(change.set, fragment: change.farm, change.rows) }
    }

    /// Whether `kernel` leads probes through farms' rules as this ruleset does.
    public func isLeadingProbes(_ kernel: Ruleset) -> Bool {
        let entrances = environment.entrances
        let wanted = [(TableFamily.inet, entrances.translatingSets), (.netdev, entrances.framedSets)]
        return wanted.allSatisfy { table, sets in
            sets.allSatisfy { $0.type.dynamic != nil || kernel[table]?.set($0.name)?.elements == $0.elements }
        }
    }

    /// Maps of flows that began during a transition: to be flushed (netdev) when no farm is in transition any more.
    public var freshMaps: [String] {
        let tables = ruleset.tables.filter { $0.family == .netdev }
        let names = Set(AddressFamily.allCases.map(HandoverChain.freshMap))
        return tables.flatMap(\.sets).map(\.name).filter(names.contains)
    }

    private func assembled() -> Ruleset {
        let isTranslating = farms.values.contains { $0.elements.keys.contains { $0.table == .inet } || !$0.frame.rewriting.isEmpty }
        let isDirect = farms.values.contains { $0.elements.keys.contains { $0.table == .netdev } }
        var tables: [Table] = []
        if isTranslating || !environment.probeTargets.isEmpty || !environment.datagramTargets.isEmpty { tables.append(translatingTable()) }
        if isDirect { tables.append(directTable()) }
        return Ruleset(tables: tables)
    }
}

extension RulesetCompiler {
    private func translatingTable() -> Table {
        let (dispatch, rewriting) = (dispatchVariants(.inet), rewritingVariants)
        var sets = elementSets(.inet, dispatch)
        for set in rewriting.flatMap(Stateless.replySets) where sets[set.name] == nil { sets[set.name] = set }
        for set in AddressFamily.allCases.compactMap(probeTargets) { sets[set.name] = set }
        for set in guardSets where sets[set.name] == nil { sets[set.name] = set }
        for set in environment.entrances.translatingSets { sets[set.name] = set }
        var chains = NoBackend.chains + courseChains(.inet)
        chains += guardChains(sets, besides: Set(chains.map(\.name)))
        chains += countingChains(sets)
        chains += sourceTranslationChains(sets)
        let first = census.askedFirst(.inet).flatMap(\.lookups)
        chains.append(base(Hooks.dispatch, first + dispatch.map { Dispatch.rule($0) } + wholeRules(sets, .inet)))
        let own = Variant.all.filter { sets[Dispatch.mapName($0.family, isRange: $0.isRange, from: .host)] != nil }
        let probing = environment.entrances.translatingRules(ports: environment.probePorts)
        if !own.isEmpty || !probing.isEmpty {
            chains.append(base(Hooks.ownDispatch, probing + own.map { Dispatch.rule($0, from: .host) }))
        }
        let probed = AddressFamily.allCases.filter { sets[Probes.targetSet($0)] != nil }
        if !probed.isEmpty {
            chains.append(base(Hooks.untrackedOut, probed.map { Probes.outgoing($0, ports: environment.probePorts) }))
        }
        let proxied = Variant.all.filter { sets[SynProxy.listenerSet($0)] != nil }
        let untracked =
            probed.map { Probes.incoming($0, ports: environment.probePorts) } + proxied.map(SynProxy.untracked)
            + rewriting.flatMap(Stateless.untracked)
        if !untracked.isEmpty { chains.append(base(Hooks.untrackedIn, untracked)) }
        if !proxied.isEmpty {
            chains += Set(proxied.map(\.family)).sorted().map(SynProxy.chain)
            chains += [Hooks.synProxyIn, Hooks.synProxyForward].map { base($0, SynProxy.rules(proxied)) }
        }
        if !rewriting.isEmpty {
            let families = Set(rewriting.map(\.family)).sorted()
            chains += families.map { Stateless.reply($0, rewrittenTraffic).behind(DirectCounting.replies(sets, $0)) }
            chains.append(base(Hooks.statelessReplies, rewriting.map(Stateless.replies)))
        }
        return Table(family: .inet, helpers: helpers, sets: Array(sets.values), chains: chains)
    }

    private func directTable() -> Table {
        let dispatch = dispatchVariants(.netdev)
        let rewritten = Set(rewritingVariants.map(\.family)).sorted()
        var sets = elementSets(.netdev, dispatch)
        let ways = Direct.Ways(farms.values.reduce(into: []) { $0.formUnion($1.frame.nextHops) })
        for set in Direct.sets(ways) { sets[set.name] = set }
        for set in rewritten.flatMap(Stateless.requestSets) where sets[set.name] == nil { sets[set.name] = set }
        for set in environment.entrances.framedSets { sets[set.name] = set }
        let counting = DirectCounting.requests(sets, directFamilies)
        var chains = NoBackend.chains + Direct.chains(ways, behind: counting) + rewriteChains(rewritten, sets) + courseChains(.netdev)
        chains += errorChains(sets) + environment.entrances.framedChains(ports: environment.probePorts)
        let first = census.askedFirst(.netdev).flatMap { $0.firstLookups(counting.isEmpty ? ways.only : nil) }
        var rules = [Dispatch.notForUs] + first + dispatch.map(Dispatch.ingressRule)
        let answers = environment.entrances.answerRules(ports: environment.probePorts)
        rules += answers
        let whole = wholeRules(sets, .netdev)
        rules += Set(errorVariants(sets).map(\.family)).sorted().map { ErrorReports.ingressRule($0, isLast: whole.isEmpty) }
        rules += whole
        chains += environment.ingressDevices.map { base(Hooks.ingress($0), rules) }
        chains += entranceChains(answers)
        return Table(family: .netdev, sets: Array(sets.values), chains: chains)
    }

    /// At the devices that lead to backends, whether or not clients come in by them.
    private func entranceChains(_ answers: [Rule]) -> [Chain] {
        let entrances = environment.entrances
        guard entrances.isFramed else { return [] }
        let devices = Set(environment.ingressDevices + entrances.devices).sorted()
        let besides = answers.isEmpty ? [] : devices.filter { !environment.ingressDevices.contains($0) }
        return besides.map { base(Hooks.ingress($0), [Dispatch.notForUs] + answers) }
            + devices.map { base(Hooks.egress($0), entrances.leavingRules) }
    }

    private func wholeRules(_ sets: [String: ElementSet], _ table: TableFamily) -> [Rule] {
        AddressFamily.allCases.filter { sets[Dispatch.wholeMap($0)] != nil }.flatMap { Dispatch.wholeRules($0, table) }
    }

    private func rewriteChains(_ families: [AddressFamily], _ sets: [String: ElementSet]) -> [Chain] {
        families.flatMap { family in
            let counting = DirectCounting.requests(sets, [family])
            return rewrittenTraffic.map { Stateless.rewrite(family, $0).behind(counting) }
        }
    }

    /// sctp only where a farm has it.
    private var rewrittenTraffic: [Selection.Traffic] {
        let hasSCTP = farms.values.contains { !$0.frame.rewriting.isEmpty && $0.frame.transports.contains(.sctp) }
        return hasSCTP ? [.common, .sctp] : [.common]
    }

    /// What translated connections are made of.
    private var transports: [TransportProtocol] {
        let hasSCTP = farms.values.contains { $0.frame.rewriting.isEmpty && $0.frame.transports.contains(.sctp) }
        return TranslatedTo.common + (hasSCTP ? [.sctp] : [])
    }

    private func errorVariants(_ sets: [String: ElementSet]) -> [Variant] {
        Variant.all.filter { sets[ErrorReports.mapName($0)] != nil }
    }

    private func errorChains(_ sets: [String: ElementSet]) -> [Chain] {
        let courses = farms.values.reduce(into: Set<ErrorCourse>()) { $0.formUnion($1.frame.errors) }.sorted { $0.name < $1.name }
        let variants = Dictionary(grouping: errorVariants(sets), by: \.family).sorted { $0.key < $1.key }
        let rewriting = Set(courses.filter { $0.selection.path == .stateless }.map(\.selection.family)).sorted()
        return rewriting.map(Stateless.rewriteErrors) + courses.map(\.chain)
            + variants.flatMap { ErrorReports.chains($0.key, $0.value) }
    }

    private func base(_ entry: Hooks.Entry, _ rules: [Rule]) -> Chain { Chain(entry.name, base: entry.base, rules: rules) }

    /// Exact ports of both families always, so that the first farm of a family changes no rule; ranges where there are some.
    private func dispatchVariants(_ table: TableFamily) -> [Variant] {
        let used = Set(farms.values.flatMap { $0.elements.keys.filter { $0.table == table }.map(\.name) })
        return Variant.all.filter { !$0.isRange || used.contains(Dispatch.mapName($0.family, isRange: $0.isRange)) }
    }

    private var census: Census { farms.values.reduce(into: Census()) { $0.add($1.frame.census) } }

    private var rewritingVariants: [Variant] {
        farms.values.reduce(into: Set<Variant>()) { $0.formUnion($1.frame.rewriting) }.sorted()
    }

    /// The sets of all farms; those that rules ask also when they are empty.
    private func elementSets(_ table: TableFamily, _ dispatch: [Variant]) -> [String: ElementSet] {
        var sets: [String: ElementSet] = [:]
        for variant in dispatch {
            let name = Dispatch.mapName(variant.family, isRange: variant.isRange)
            sets[name] = ElementSet(name: name, type: Dispatch.mapType(variant.family, isRange: variant.isRange))
        }
        for set in courses(table).flatMap(\.sets) { sets[set.name] = set }
        for farm in farms.values {
            for (set, rows) in farm.frame.lists where set.table == table {
                sets[set.name] = ElementSet(name: set.name, type: set.type, fragments: [.shared: rows])
            }
        }
        for (name, farm) in farms {
            for (set, rows) in farm.elements where set.table == table {
                sets[set.name, default: ElementSet(name: set.name, type: set.type)].fragments[name] = rows
            }
        }
        for (set, rows) in sharedElements(table) {
            sets[set.name] = ElementSet(name: set.name, type: set.type, fragments: [.shared: rows])
        }
        return sets
    }

    /// Where farms say different things of one key, a backend that is configured comes before one that was.
    private func sharedElements(_ table: TableFamily) -> [CompiledFarm.SetName: ElementTable] {
        var parts: [CompiledFarm.SetName: [ElementTable]] = [:]
        let sorted = farms.sorted { $0.key < $1.key }.map(\.value)
        for farm in sorted { for (set, rows) in farm.frame.shared where set.table == table { parts[set, default: []].append(rows) } }
        for farm in sorted { for (set, rows) in farm.frame.formerShared where set.table == table { parts[set, default: []].append(rows) } }
        return parts.reduce(into: [:]) { $0[$1.key] = ElementTable(merging: $1.value, layout: $1.key.type.layout) }
    }

    private func courses(_ table: TableFamily) -> [Course] {
        let all = farms.values.reduce(into: Set<Course>()) { $0.formUnion($1.frame.courses) }
        return all.filter { $0.selection.table == table }.sorted { $0.entry < $1.entry }
    }

    /// Each once; selections first, as detours end in them.
    private func courseChains(_ table: TableFamily) -> [Chain] {
        let courses = courses(table)
        let depth = courses.map(\.chains.count).max() ?? 0
        var known: Set<String> = []
        return (0..<depth).flatMap { level in
            courses.compactMap { course in
                let chains = course.chains
                return level < chains.count && known.insert(chains[level].name).inserted ? chains[level] : nil
            }
        }
    }

    private var asides: [Aside] {
        Array(farms.values.reduce(into: Set<Aside>()) { $0.formUnion($1.frame.asides) })
    }

    private var guardSets: [ElementSet] {
        let tracked = farms.values.reduce(into: Set<TrackedBackend>()) { $0.formUnion($1.frame.tracked) }
        let resettable = farms.values.reduce(into: Set<Variant>()) { $0.formUnion($1.frame.resettable.map(\.variant)) }
        let resetting = farms.values.reduce(into: Set<TrackedBackend>()) { $0.formUnion($1.frame.resetting) }
        return asides.flatMap(\.sets) + TrackedBackend.sets(tracked, named: Conduct.backendSet)
            + TrackedBackend.sets(resetting, named: Conduct.fallenSet, variants: resettable)
    }

    /// Chains for tracked connections beside the way of dispatch, where farms ask for some.
    private func guardChains(_ sets: [String: ElementSet], besides others: Set<String>) -> [Chain] {
        func variants(_ name: (Variant) -> String) -> [Variant] { Variant.all.filter { sets[name($0)] != nil } }
        var known = others
        // A chain stands behind those that it goes to: each aside brings its own.
        var chains = asides.map(\.chains).sorted { $0.map(\.name).lexicographicallyPrecedes($1.map(\.name)) }.flatMap { $0 }
        chains = chains.filter { known.insert($0.name).inserted }
        if !variants(Conduct.strictSet).isEmpty { chains.append(Conduct.bogus) }
        let conduct = [Conduct.strictSet, Conduct.resetMap, Conduct.backendSet].contains { !variants($0).isEmpty }
        if conduct { chains.append(base(Hooks.conduct, Conduct.rules(sets))) }
        let (marked, limited) = (
            variants(PacketMarks.mapName).flatMap { PacketMarks.rules($0, of: transports) },
            variants(BackendLimit.mapName).flatMap { BackendLimit.rules($0, of: transports) }
        )
        if !marked.isEmpty { chains.append(base(Hooks.packetMarks, marked)) }
        guard !limited.isEmpty else { return chains }
        let isOwn = Variant.all.contains { sets[Dispatch.mapName($0.family, isRange: $0.isRange, from: .host)] != nil }
        return chains + [base(Hooks.backendLimits, limited)] + (isOwn ? [base(Hooks.ownBackendLimits, limited)] : [])
    }

    /// What tracked farms count, where some do.
    private func countingChains(_ sets: [String: ElementSet]) -> [Chain] {
        let opened = TrackedCounting.opened(sets, transports)
        guard !opened.isEmpty else { return [] }
        let isOwn = Variant.all.contains { sets[Dispatch.mapName($0.family, isRange: $0.isRange, from: .host)] != nil }
        let (entrances, ports) = (environment.entrances, environment.probePorts)
        var chains =
            [base(Hooks.countedConnections, entrances.uncountedConnections(ports: ports) + opened)]
            + (isOwn ? [base(Hooks.countedLocalConnections, opened)] : [])
        let replies = TrackedCounting.replies(sets, transports)
        guard !replies.rules.isEmpty else { return chains }
        chains += [
            replies.behind(entrances.uncountedReplies(ports: ports)), base(Hooks.countedPackets, TrackedCounting.packets(sets, transports)),
        ]
        let own = Rule(.direction(isReply: true), .verdict(.goto(replies.name)))
        return chains + (isOwn ? [base(Hooks.countedOwnReplies, [own])] : [])
    }

    /// Of dsr farms that count.
    private var directFamilies: [AddressFamily] {
        let counting = farms.values.filter { farm in !farm.counted.isEmpty && farm.frame.courses.contains { $0.selection.path == .direct } }
        return Set(counting.flatMap(\.frame.courses).map(\.selection.family)).sorted()
    }

    private var helpers: [HelperObject] {
        let used = courses(.inet).flatMap(\.detours).compactMap(\.helper)
        return Array(Set(used))
    }

    private func sourceTranslationChains(_ sets: [String: ElementSet]) -> [Chain] {
        let masquerade = Variant.all.filter { sets[SourceTranslation.masqueradeSet($0.family, isRange: $0.isRange)] != nil }
        let address = Variant.all.filter { sets[SourceTranslation.addressMap($0.family, isRange: $0.isRange)] != nil }
        let whole = WholeSourceTranslation.rules(sets, ports: environment.translatedPorts)
        guard !masquerade.isEmpty || !address.isEmpty || !whole.isEmpty else { return [] }
        return [
            SourceTranslation.chain(
                masquerade: masquerade, address: address, whole: whole, transports: transports, ports: environment.translatedPorts),
            base(Hooks.sourceTranslation, [Rule(.destinationTranslated, .verdict(.jump(SourceTranslation.chainName)))]),
        ]
    }

    private func probeTargets(_ family: AddressFamily) -> ElementSet? {
        var rows: [UInt8] = []
        for (transport, targets) in [(TransportProtocol.tcp, environment.probeTargets), (.udp, environment.datagramTargets)] {
            for target in targets where target.address.family == family {
                target.address.appendOctets(to: &rows)
                rows += [transport.rawValue, 0, 0, 0]
                rows.append(padded: target.port)
            }
        }
        guard !rows.isEmpty else { return nil }
        let type = Probes.targetType(family)
        return ElementSet(name: Probes.targetSet(family), type: type, fragments: [.shared: ElementTable(type.layout, unsortedRows: rows)])
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
