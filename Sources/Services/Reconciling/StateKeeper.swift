import FarmModel
import FoundationEssentials
import HealthPolicy
import ReconcilePolicy
import Seams

/// Writes overrides and verdicts, away from the thread that commits.
actor StateKeeper {
    private let executor = ThreadExecutor(name: "state", givesWay: true)
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

    func save(_ traffic: TrafficTotals) throws(StateFault) { try store.write(.traffic, json(traffic)) }

    func traffic() throws(StateFault) -> TrafficTotals { try read(.traffic) ?? TrafficTotals() }

    func refusals() throws(StateFault) -> RefusalTotals { try read(.counters) ?? RefusalTotals() }

    func handovers() throws(StateFault) -> KeptHandovers? { try read(.handovers) }

    /// `damage`: what was wrong, where a copy had to serve.
    func overrides() throws(StateFault) -> (overrides: [BackendID: Override], damage: String?) {
        guard let reading = try store.read(.overrides) else { return ([:], nil) }
        do throws(StateFault) {
            let entries: [KeptOverride] = try decoded(.overrides, reading.octets)
            return (Dictionary(entries.map { ($0.id, $0.value) }) { $1 }, reading.damage)
        } catch {
            store.setAside(.overrides)
            throw error
        }
    }

    /// Where lost overrides are, until somebody removes them.
    func lostOverrides() -> [String] { store.losses(of: .overrides) }

    /// By `ProbeTarget.identityText`; empty when they are too old.
    func verdicts() throws(StateFault) -> [String: Verdict] {
        guard let reading = try store.read(.verdicts) else { return [:] }
        guard let kept = VerdictFile(reading.octets) else { throw StateFault(message: "the stored verdicts cannot be read back") }
        let age = Timestamp.seconds - kept.at
        // A clock that was set back makes an age negative; as little can be said then.
        return (0...Self.verdictLifetime).contains(age) ? kept.verdicts : [:]
    }

    private func read<Value: Decodable>(_ item: StateItem) throws(StateFault) -> Value? {
        guard let reading = try store.read(item) else { return nil }
        return try decoded(item, reading.octets)
    }

    private func decoded<Value: Decodable>(_ item: StateItem, _ octets: [UInt8]) throws(StateFault) -> Value {
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
    var identityText: String { "\(check.typeName) \(endpoint)" + check.question.map { " " + String(reflecting: $0) }.joined() }
}

extension HealthCheck {
    /// What makes two checks of one type differ.
    fileprivate var question: [String] {
        kind.question + (way.tls.map { [$0.serverName ?? "-", $0.verify ? "verified" : "any"] } ?? [])
    }
}

extension HealthCheck.Kind {
    /// No password: the file is no place for one.
    fileprivate var question: [String] {
        switch self {
        case .none, .tcp, .icmp, .agent: []
        case .group(let group): [group.require.description] + group.checks.flatMap { [$0.typeName] + $0.question }
        case .talk(let check), .udp(let check): [Self.digest(check.send), Self.digest(check.expect)]
        case .http(let check): Self.question(check)
        case .redis(let login), .postgres(let login), .mysql(let login): [login.user ?? "-", login.database ?? "-"]
        case .smtp(let check): [check.host ?? "-"]
        case .grpc(let check): [check.host ?? "-", check.service]
        case .dns(let check): [check.query, check.type.name, check.rcode.name, check.answer ?? "-", check.isOverTCP ? "tcp" : "udp"]
        case .exec(let check): [Self.digest(Array(check.command.joined(separator: "\0").utf8)), check.convention.rawValue]
        }
    }

    private static func question(_ check: HTTPCheck) -> [String] {
        let expected = check.expectStatus.map { "\($0.lowerBound)-\($0.upperBound)" }.joined(separator: ",")
        let known = [check.method, check.host ?? "-", check.path, expected, check.expectBody ?? ""]
        let further = [check.expectPattern?.description, check.degradedHeader?.description].compactMap { $0 }
        return known + further + check.headers.map(\.name)
    }

    /// FNV-1a: short, the same after a restart, and without the passwords that commands may hold.
    private static func digest(_ bytes: [UInt8]) -> String {
        String(bytes.reduce(UInt64(0xCBF2_9CE4_8422_2325)) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }, radix: 16)
    }
}
