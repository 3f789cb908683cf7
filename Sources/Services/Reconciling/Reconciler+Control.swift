import ControlAPI
import FarmModel
import HealthPolicy
import NetTypes
import ReconcilePolicy
import Ruleset
import RulesetCompiler
import Seams

extension Reconciler: ControlService {
    /// As of the last change that was finished: whoever asks does not wait for the one that is being made.
    public nonisolated func status() async -> StatusView {
        if let view = board.view { return view }
        return await publish()
    }

    /// Puts the status where it is read.
    @discardableResult
    func publish() -> StatusView {
        var farms = StatusView.Farms(total: desired.tallies.count, up: 0, degraded: 0, down: 0)
        var backends = StatusView.Backends(total: 0, up: 0, down: 0, unknown: 0)
        var panics: [String] = []
        for (name, tally) in desired.tallies {
            farms.count(tally.condition)
            backends.total += tally.total
            backends.up += tally.up
            backends.down += tally.down
            backends.unknown += tally.unknown
            if tally.isPanicking { panics.append(name) }
        }
        let view = StatusView(
            version: settings.version, generation: generation, drift: isDrifted, farms: farms, backends: backends, lastChange: changes.last,
            configFaults: configFaults, ownsTables: ownsTables,
            stateFault: stateFaultWords,
            handovers: desired.transitions.keys.sorted().compactMap(handover(of:)),
            panics: panics.sorted(), suspicions: suspicion.suspicions.map(\.words), losses: losses, heldBack: isHeldBack)
        board.view = view
        return view
    }

    private var stateFaultWords: String? {
        let words = stateFaults.sorted { $0.key.rawValue < $1.key.rawValue }.map { item, words in
            item == .overrides ? "\(words); overrides will not survive a restart" : words
        }
        return words.isEmpty ? nil : words.joined(separator: "; ")
    }

    public func farms() async -> FarmList {
        FarmList(farms: desired.farms.values.sorted { $0.name < $1.name }.map(view))
    }

    public func farm(_ name: String) async throws(Problem) -> FarmDetail {
        _ = try find(farm: name)
        let totals = await trafficTotals()
        // Farms may have changed meanwhile.
        let (farm, traffic) = (try find(farm: name), totals.farms[name])
        return FarmDetail(
            farm: view(farm), backends: farm.backends.map { view($0, farm, nil, traffic) }.sorted { $0.name < $1.name },
            source: origins[name].map { "\($0.file):\($0.line)" }, handover: handover(of: name),
            traffic: trafficView(of: farm, traffic?.total), listeners: listenerTraffic(of: farm, traffic),
            policies: policyViews(of: farm, traffic))
    }

    public func backends(farm: String?, countingConnections: Bool) async throws(Problem) -> BackendList {
        let counts = try await countingConnections ? connectionCounts() : nil
        let totals = await trafficTotals()
        let farms = try farm.map { name throws(Problem) in [try find(farm: name)] } ?? desired.farms.values.sorted { $0.name < $1.name }
        return BackendList(
            backends: farms.flatMap { farm in
                farm.backends.sorted { $0.name < $1.name }.map { view($0, farm, counts, totals.farms[farm.name]) }
            })
    }

    public func override(
        farm: String, backend: String, _ request: OverrideRequest?, by caller: Caller
    ) async throws(Problem) -> BackendView {
        let (owner, server) = try find(farm, backend)
        guard !isHolding else {
            throw Problem(
                title: "Nothing is configured", status: 503,
                detail: "no farm file can be used and none is remembered; mend the files first: `lbctl check` shows their faults")
        }
        land()
        let id = BackendID(farm: farm, backend: backend)
        var overrides = desired.overrides
        overrides[id] = try request.map { request throws(Problem) in try merged(overrides[id] ?? Override(), request) }
        let before = desired.overrides
        desired.now = Timestamp.monotonic
        desired.set(overrides: overrides)
        let words = words(overrides[id])
        guard reconcile(author: caller.name, because: "\(id): \(words)") else {
            // What the operator was refused must not come true later.
            desired.set(overrides: before)
            publish()
            throw Problem(title: "The kernel refused the change", status: 503, detail: changes.last?.summary ?? "")
        }
        events.post(.override, farm: farm, backend: backend, "\(words) (\(caller.name))")
        await saveOverrides()
        if stateFaults[.overrides] == nil { await rewriteState() }
        return view(server, owner)
    }

    public func apply(_ request: ApplyRequest, by caller: Caller) async throws(Problem) -> PlanView {
        switch await apply(author: caller.name, dryRun: request.dryRun, force: request.force) {
        case .planned(let plan): return await view(plan)
        case .applied(let plan):
            var done = await view(plan)
            done.needsForce = false
            return done
        case .faulty(let faults):
            throw Problem(
                title: "The farm files have faults", status: 422, detail: "\(counted(faults.count, "fault")); what runs goes on running",
                faults: faults)
        case .refused(let words): throw Problem(title: "Held back by the blast radius", status: 409, detail: words)
        case .failed(let reason): throw Problem(title: "The kernel refused the change", status: 503, detail: reason)
        }
    }

    public func rules(farm: String?) async throws(Problem) -> RulesView {
        let fragments = try farm.map { name throws(Problem) in Set([try find(farm: name).name, Fragment.shared]) }
        let (counters, elements): ([TableFamily: [String: [RuleCounter?]]], [TableFamily: [String: ElementCounters]])
        do { (counters, elements) = (try driver.counters(), try countersBySet()) } catch {
            throw Problem(title: "The counters cannot be read", status: 503, detail: "\(error)")
        }
        return await Self.rendered(committed, fragments, counters, elements)
    }

    /// Away from the thread that commits: a hundred thousand elements take their time.
    @concurrent
    private nonisolated static func rendered(
        _ ruleset: Ruleset, _ fragments: Set<Fragment>?, _ counters: [TableFamily: [String: [RuleCounter?]]],
        _ elements: [TableFamily: [String: ElementCounters]]
    ) async -> RulesView {
        RulesView(text: ruleset.text(fragments: fragments, counters: counters, elementCounters: elements))
    }

    private func countersBySet() throws(DriverError) -> [TableFamily: [String: ElementCounters]] {
        let read = try elementCounters()
        return TableFamily.allCases.reduce(into: [:]) { result, family in
            result[family] = read.reduce(into: [:]) { if $1.key.table == "\(family)" { $0[$1.key.set] = $1.value } }
        }
    }

    public func events(farm: String?) async throws(Problem) -> AsyncStream<EventView> {
        // Whoever misspells a farm would wait for ever.
        if let farm { _ = try find(farm: farm) }
        return events.stream(farm: farm)
    }
}

extension Reconciler {
    func find(farm name: String) throws(Problem) -> Farm {
        if let farm = desired.farms[name] { return farm }
        throw Problem(title: "No such farm", status: 404, detail: "there is no farm \"\(name)\"; `lbctl farm list` shows them")
    }

    func find(_ farm: String, _ backend: String) throws(Problem) -> (Farm, Backend) {
        let owner = try find(farm: farm)
        if let found = owner.backends.first(where: { $0.name == backend }) { return (owner, found) }
        throw Problem(
            title: "No such backend", status: 404,
            detail: "farm \"\(farm)\" has no backend \"\(backend)\"; `lbctl backend list \(farm)` shows them")
    }

    func saveOverrides() async {
        do throws(StateFault) {
            try await keeper.save(desired.overrides)
            note(nil, of: .overrides)
        } catch {
            note(error, of: .overrides)
        }
    }

    private func merged(_ current: Override, _ request: OverrideRequest) throws(Problem) -> Override {
        var result = current
        if let word = request.admin {
            guard let admin = AdminState(rawValue: word) else {
                throw Problem(title: "Bad request", status: 400, detail: "admin is ready, drain or maintenance, not \"\(word)\"")
            }
            result.admin = admin
        }
        if let weight = request.weight {
            guard (0...1000).contains(weight) else {
                throw Problem(title: "Bad request", status: 400, detail: "a weight is 0 to 1000, not \(weight)")
            }
            result.weight = weight
        }
        return result
    }

    private func words(_ override: Override?) -> String {
        let parts = [override?.admin.map(\.rawValue), override?.weight.map { "weight \($0)" }].compactMap { $0 }
        return parts.isEmpty ? "override dropped" : parts.joined(separator: ", ")
    }

    private func connectionCounts() async throws(Problem) -> ConnectionIndex {
        do { return Dictionary(grouping: try await sweeper.counts(), by: \.key.endpoint.address) } catch {
            throw Problem(title: "Connections cannot be counted", status: 503, detail: "\(error)")
        }
    }
}
