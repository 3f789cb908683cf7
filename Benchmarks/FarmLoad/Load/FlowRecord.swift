/// What became of the flows of a run.
struct FlowRecord {
    /// More failures than this are counted, but not listed one by one.
    static let listedFailures = 10_000

    var begun = Monotonic.now()
    var ended = Monotonic.now()
    var started = 0
    private(set) var localErrors = 0
    private(set) var lastLocalError: String?
    private(set) var latencies: [Duration] = []
    private(set) var backends: [String: Int] = [:]
    private(set) var backendOfClient: [String: String] = [:]
    private(set) var failures: [Failure] = []
    private(set) var failureCounts: [FailureKind: Int] = [:]
    private(set) var worstLateness = Duration.zero

    init(expecting count: Int) { latencies.reserveCapacity(count) }

    mutating func answer(by backend: String, after latency: Duration, client: String?) {
        latencies.append(latency)
        backends[backend, default: 0] += 1
        if let client { backendOfClient[client] = backend }
    }

    mutating func fail(_ failure: Failure) {
        failureCounts[failure.kind, default: 0] += 1
        if failures.count < Self.listedFailures { failures.append(failure) }
    }

    mutating func noteLocalError(_ words: String) {
        localErrors += 1
        lastLocalError = words
    }

    mutating func noteLateness(_ lateness: Duration) { worstLateness = max(worstLateness, lateness) }
}
