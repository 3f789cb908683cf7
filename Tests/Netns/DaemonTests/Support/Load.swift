import FoundationEssentials

/// What the programs of farmload report.
struct LoadResult: Decodable {
    struct Failure: Decodable {
        let kind: String
        let startedNs, failedNs: Int64
    }
    struct Latency: Decodable { let p50, p99, max: Double }

    let started, answered, failed, localErrors: Int
    let backends: [String: Int]
    let failures: [String: Int]
    let latencyMs: Latency?
    let lastFailureByStart: Failure?
    let failureLog: [Failure]
    let mapping: [String: String]?

    /// Nothing failed, neither on the way nor at the client.
    var isFlawless: Bool { failed == 0 && localErrors == 0 && answered == started && started > 0 }

    /// For messages of faults.
    var summary: String {
        "\(started) started, \(answered) answered, \(localErrors) not started, failed: \(failures.filter { $0.value > 0 }) \(backends)"
    }

    /// From the instant to the start of the last connection that failed; 0 when none did afterwards.
    func secondsToLastFailure(after instant: Int64) -> Double {
        Double(max(0, failureLog.map { $0.startedNs - instant }.max() ?? 0)) / 1e9
    }
}

struct LongResult: Decodable {
    struct Failure: Decodable {
        let kind: String
        let atNs: Int64
        let backend: String?
    }

    let count, alive, backendChanges, lostDatagrams: Int
    let backends: [String: Int]
    let failures: [Failure]

    /// For messages of faults.
    var summary: String {
        "\(alive) of \(count) alive, \(backendChanges) changed their backend, \(lostDatagrams) lost \(backends) \(failures.prefix(5))"
    }

    var areAllAlive: Bool { alive == count && count > 0 && backendChanges == 0 }
}

/// Runs of farmload in the lab, the client unless another place is named.
struct Load<Result: Decodable> {
    private let program: Program

    init(_ lab: Lab, at place: String = "client", _ words: [String]) throws {
        program = try Program(lab.inside(place, [Programs.farmload] + words + ["-o", "json"]))
    }

    /// Waits for the end.
    func result() throws -> Result { try JSONDecoder().decode(Result.self, from: Data(try program.outcome().text().utf8)) }
}

extension Lab {
    /// New connections, in the background: `--rate 1000 --duration 4s`.
    func connecting(to target: String, _ options: String) throws -> Load<LoadResult> {
        try Load(self, ["connect", "--to", target] + options.words)
    }

    func connect(to target: String, _ options: String) throws -> LoadResult { try connecting(to: target, options).result() }

    /// Forty long connections with a line every 100 ms, in the background, unless told otherwise.
    func holding(to target: String, seconds: Int, _ options: String = "--count 40") throws -> Load<LongResult> {
        try Load(self, ["long", "--to", target, "--duration", "\(seconds)s"] + options.words)
    }

    /// Asks once from each end and returns who answered whom.
    func clients(of target: String, _ options: String = "--sources \(Lab.clients4)") throws -> [String: String] {
        let result: LoadResult = try Load(self, ["clients", "--to", target] + options.words).result()
        guard result.isFlawless, let mapping = result.mapping else { throw TestFault("not every client was answered: \(result.summary)") }
        return mapping
    }
}

extension String {
    fileprivate var words: [String] { split(separator: " ").map(String.init) }
}

/// How clients moved between two askings, as `farmload compare` counts it.
struct Movement {
    let before, after: [String: String]

    /// Clients by the backend that they left, as a share of all that it had.
    func shareMoved(from backends: Set<String>) -> Double {
        let had = before.filter { backends.contains($0.value) }
        return had.isEmpty ? 0 : Double(had.count { after[$0.key] != $0.value }) / Double(had.count)
    }

    var moved: Int { before.count { after[$0.key] != $0.value } }
}

extension Lab {
    /// Entries of the balancer's conntrack table; ended connections stay for a while.
    func trackedConnections() throws -> Int {
        let text = try at("balancer", ["cat", "/proc/sys/net/netfilter/nf_conntrack_count"])
        guard let count = Int(text.split(separator: "\n").first ?? "") else { throw TestFault("no count of connections: \(text)") }
        return count
    }
}
