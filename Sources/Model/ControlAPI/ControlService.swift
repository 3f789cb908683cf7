/// What stands behind the control interface. Each call throws `Problem` alone.
public protocol ControlService: Sendable {
    func status() async throws(Problem) -> StatusView
    func farms() async throws(Problem) -> FarmList
    func farm(_ name: String) async throws(Problem) -> FarmDetail
    /// Nil: of all farms. Counting connections walks the conntrack table, so it is done only when asked.
    func backends(farm: String?, countingConnections: Bool) async throws(Problem) -> BackendList
    /// Nil: of all its backends.
    func why(farm: String, backend: String?) async throws(Problem) -> WhyView
    /// Sets or, with nil, drops the override. Returns once the kernel has it.
    func override(farm: String, backend: String, _ request: OverrideRequest?, by caller: Caller) async throws(Problem) -> BackendView
    /// Re-reads the farm files; a dry run says what would be done.
    func apply(_ request: ApplyRequest, by caller: Caller) async throws(Problem) -> PlanView
    /// Clients that are kept on their backends, of one farm or, with nil, of all.
    func sessions(farm: String?) async throws(Problem) -> SessionList
    /// Forgets the sessions of a farm: of one client, of one backend, or with both nil all of them.
    func deleteSessions(farm: String, client: String?, backend: String?, by caller: Caller) async throws(Problem) -> SessionsDeleted
    func rules(farm: String?) async throws(Problem) -> RulesView
    /// `from` `10.0.0.9:40000`, `to` `203.0.113.10:80/tcp`.
    func trace(from: String, to: String) async throws(Problem) -> TraceView
    /// Events from now on, nil: of all farms; a reader that falls behind loses the oldest.
    func events(farm: String?) async throws(Problem) -> AsyncStream<EventView>
    /// Prometheus text.
    func metrics() async -> String
}
