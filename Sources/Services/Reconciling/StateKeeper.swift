import FarmModel
import FoundationEssentials
import HealthPolicy
import ReconcilePolicy
import Seams

/// Writes overrides and verdicts, away from the thread that commits.
actor StateKeeper {
    private let executor = ThreadExecutor(name: "state")
    nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    private let store: any StateStore

    /// Verdicts older than this say nothing any more (docs/probes.md, initialState).
    static let verdictLifetime = 60
    /// How often verdicts are written even if none has changed, so that they are young when they are needed.
    static let heartbeat: Duration = .seconds(15)

    init(store: any StateStore) { self.store = store }

    func save(_ overrides: [BackendID: Override]) throws(StateFault) {
        let entries = overrides.sorted { $0.key < $1.key }.map { KeptOverride(id: $0.key, value: $0.value) }
        try store.write(.overrides, json(entries))
    }

    func save(_ verdicts: [ProbeTarget: Verdict]) throws(StateFault) {
        try store.write(.verdicts, VerdictFile.octets(of: verdicts, at: Timestamp.seconds))
    }

    func save(_ handovers: KeptHandovers) throws(StateFault) { try store.write(.handovers, json(handovers)) }

    func save(_ refusals: RefusalTotals) throws(StateFault) { try store.write(.counters, json(refusals)) }

    func refusals() throws(StateFault) -> RefusalTotals { try read(.counters) ?? RefusalTotals() }

    func handovers() throws(StateFault) -> KeptHandovers? { try read(.handovers) }

    func overrides() throws(StateFault) -> [BackendID: Override] {
        guard let entries: [KeptOverride] = try read(.overrides) else { return [:] }
        return Dictionary(entries.map { ($0.id, $0.value) }) { $1 }
    }

    /// By `ProbeTarget.identityText`; empty when they are too old.
    func verdicts() throws(StateFault) -> [String: Verdict] {
        guard let octets = try store.read(.verdicts) else { return [:] }
        guard let kept = VerdictFile(octets) else { throw StateFault(message: "the stored verdicts cannot be read back") }
        let age = Timestamp.seconds - kept.at
        // A clock that was set back makes an age negative; as little can be said then.
        return (0...Self.verdictLifetime).contains(age) ? kept.verdicts : [:]
    }

    private func read<Value: Decodable>(_ item: StateItem) throws(StateFault) -> Value? {
        guard let octets = try store.read(item) else { return nil }
        do { return try JSONDecoder().decode(Value.self, from: Data(octets)) } catch {
            throw StateFault(message: "\(item.rawValue) cannot be read back: \(error)")
        }
    }

    private struct KeptOverride: Codable {
        let id: BackendID
        let value: Override
    }
}

extension ProbeTarget {
    /// The place and the question of the probe on one line: what a verdict is remembered by, whatever its intervals are.
    var identityText: String {
        guard case .http(let http) = check.kind else { return "\(check.kind.name) \(endpoint)" }
        let expected = http.expectStatus.map { "\($0.lowerBound)-\($0.upperBound)" }.joined(separator: ",")
        let question = [http.method, http.host ?? "-", http.path, expected, http.expectBody ?? ""]
        return "http \(endpoint) \(question.map(String.init(reflecting:)).joined(separator: " "))"
    }
}
