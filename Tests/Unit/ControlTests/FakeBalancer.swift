import ControlAPI

/// A control service in memory: one farm of two backends, and a record of what it was asked to do.
actor FakeBalancer: ControlService {
    struct Asked: Equatable {
        var overrides: [OverrideRequest?] = []
        var applies: [ApplyRequest] = []
        var callers: [String] = []
        var countings: [Bool] = []
    }

    private(set) var asked = Asked()
    /// Thrown by every call while set.
    private var problem: Problem?
    private var isDegraded = false
    private var isAboveRadius = false
    private var holdsApplies = false
    private var heldApplies: [CheckedContinuation<Void, Never>] = []
    private var connections: [Int?] = [12]
    private var backendsByName: [String: BackendView]
    private var followers: [AsyncStream<EventView>.Continuation] = []
    private var departures: [AsyncStream<Never>] = []
    private var followerWaits: [CheckedContinuation<Void, Never>] = []

    init() {
        backendsByName = Dictionary(uniqueKeysWithValues: [Sample.web1, Sample.bracketed].map { ($0.name, $0) })
    }

    func fail(with problem: Problem?) { self.problem = problem }
    func degrade(_ isDegraded: Bool) { self.isDegraded = isDegraded }
    /// What is planned needs to be forced.
    func exceedRadius() { isAboveRadius = true }
    /// While it does, an apply has no end.
    func holdApplies(_ holds: Bool) {
        holdsApplies = holds
        for apply in heldApplies { apply.resume() }
        heldApplies = []
    }
    /// What each further counting answers; the last goes on.
    func count(_ connections: [Int?]) { self.connections = connections }

    /// Returns once so many follow the events.
    func followed(by count: Int) async {
        while followers.count < count { await withCheckedContinuation { followerWaits.append($0) } }
    }

    /// To all that follow; waits for the first of them.
    func emit(_ event: EventView) async {
        await followed(by: 1)
        for follower in followers { follower.yield(event) }
    }

    /// Returns once nobody follows the events any more.
    func allFollowersLeft() async {
        for departure in departures { for await _ in departure {} }
    }

    func status() throws(Problem) -> StatusView {
        try failIfAsked()
        return Sample.status(degraded: isDegraded)
    }

    func farms() throws(Problem) -> FarmList {
        try failIfAsked()
        return FarmList(farms: [Sample.web])
    }

    func farm(_ name: String) throws(Problem) -> FarmDetail {
        try failIfAsked()
        try knowing(name)
        return FarmDetail(farm: Sample.web, backends: sorted, source: "farms.d/web.yaml:1")
    }

    func backends(farm: String?, countingConnections: Bool) throws(Problem) -> BackendList {
        try failIfAsked()
        if let farm { try knowing(farm) }
        asked.countings.append(countingConnections)
        return BackendList(backends: countingConnections ? counted() : sorted)
    }

    func why(farm: String, backend: String?) throws(Problem) -> WhyView {
        try failIfAsked()
        try knowing(farm)
        return Sample.why
    }

    func override(farm: String, backend: String, _ request: OverrideRequest?, by caller: Caller) throws(Problem) -> BackendView {
        try failIfAsked()
        try knowing(farm)
        guard var view = backendsByName[backend] else { throw .missing("backend \(backend)") }
        asked.overrides.append(request)
        asked.callers.append(caller.name)
        view.isOverridden = request != nil
        view.admin = request?.admin ?? "ready"
        view.effectiveWeight = view.admin == "ready" ? request?.weight ?? view.weight : 0
        view.share = view.effectiveWeight == 0 ? 0 : 0.5
        backendsByName[backend] = view
        return view
    }

    func apply(_ request: ApplyRequest, by caller: Caller) async throws(Problem) -> PlanView {
        try failIfAsked()
        while holdsApplies { await withCheckedContinuation { heldApplies.append($0) } }
        asked.applies.append(request)
        asked.callers.append(caller.name)
        var plan = Sample.plan(same: !isDegraded)
        plan.needsForce = isAboveRadius
        return plan
    }

    func sessions(farm: String?) async throws(Problem) -> SessionList {
        SessionList(sessions: Sample.sessions.filter { farm == nil || $0.farm == farm })
    }

    func deleteSessions(farm: String, client: String?, backend: String?, by caller: Caller) async throws(Problem) -> SessionsDeleted {
        SessionsDeleted(
            deleted: Sample.sessions.count { $0.farm == farm && client ?? $0.client == $0.client && backend ?? $0.backend == $0.backend })
    }

    func rules(farm: String?) throws(Problem) -> RulesView {
        try failIfAsked()
        return RulesView(text: "table ip zvnft {\n\tchain prerouting {\n\t}\n}\n")
    }

    func trace(from: String, to: String) throws(Problem) -> TraceView {
        try failIfAsked()
        return Sample.trace(from: from, to: to)
    }

    func events(farm: String?) throws(Problem) -> AsyncStream<EventView> {
        if let farm { try knowing(farm) }
        let (stream, follower) = AsyncStream.makeStream(of: EventView.self)
        followers.append(follower)
        departures.append(AsyncStream { departure in follower.onTermination = { _ in departure.finish() } })
        followerWaits.forEach { $0.resume() }
        followerWaits = []
        return stream
    }

    func metrics() -> String { "# TYPE zvnft_farms gauge\nzvnft_farms 1\n" }

    private var sorted: [BackendView] { backendsByName.values.sorted { $0.name < $1.name } }

    private func counted() -> [BackendView] {
        let count = connections.count > 1 ? connections.removeFirst() : connections[0]
        return sorted.map { view in
            var view = view
            view.connections = count
            return view
        }
    }

    private func failIfAsked() throws(Problem) {
        if let problem { throw problem }
    }

    private func knowing(_ farm: String) throws(Problem) {
        guard farm == "web" else { throw .missing("farm \(farm)") }
    }
}

extension Problem {
    static func missing(_ what: String) -> Problem { Problem(title: "Not found", status: 404, detail: "there is no \(what)") }
}
