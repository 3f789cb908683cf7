import FarmModel
import HealthPolicy
import NetTypes

/// What of a farm is not as its file has it when all is well: told when it begins and when it ends.
public struct FarmPeculiarities: Sendable, Hashable {
    /// Families in a panic, with how many of how many backends are healthy.
    public private(set) var panics: [AddressFamily: Health] = [:]
    /// Families whose panic has ended only because not one backend is healthy any more, with what new connections get.
    public private(set) var lost: [AddressFamily: String] = [:]
    /// Tiers beyond the first that serve.
    public private(set) var joined: [AddressFamily: [Int]] = [:]
    /// Backends by name, and until when.
    public private(set) var held: [String: MonotonicInstant] = [:]
    public private(set) var ejected: [String: MonotonicInstant] = [:]

    /// Families without a healthy backend, after a panic or not.
    private var hopeless: [AddressFamily: String] = [:]

    public struct Health: Sendable, Hashable {
        public let healthy, counted: Int
        public init(healthy: Int, counted: Int) { (self.healthy, self.counted) = (healthy, counted) }
    }

    public init() {}

    init(_ farm: Farm, _ health: FarmHealth, at now: MonotonicInstant) {
        let first = farm.backends.map(\.priority).min() ?? 1
        for (family, decision) in health.decisions {
            if decision.isPanicking { panics[family] = Health(healthy: decision.healthy, counted: decision.counted) }
            if decision.healthy == 0, decision.counted > 0 {
                hopeless[family] =
                    decision.sparesHeld ? "those that are held or ejected serve" : "noBackend answers (\(farm.noBackend.rawValue))"
            }
            let further = decision.joined.filter { $0 > first }.sorted()
            if !further.isEmpty { joined[family] = further }
        }
        for (name, record) in health.records {
            if record.isHeld(at: now), !record.isFallen { held[name] = record.heldUntil }
            if record.isEjected(at: now) { ejected[name] = record.ejectedUntil }
        }
    }

    /// With what only the past tells: a panic that ends with its last healthy backend is not over.
    public func following(_ before: FarmPeculiarities) -> FarmPeculiarities {
        var now = self
        now.lost = hopeless.filter { before.panics[$0.key] != nil || before.lost[$0.key] != nil }
        return now
    }

    public var isEmpty: Bool { panics.isEmpty && lost.isEmpty && joined.isEmpty && held.isEmpty && ejected.isEmpty }

    /// One line for people, and for programs one word.
    public struct Notice: Sendable, Equatable {
        public let backend: String?
        public let state: String
        public let words: String
    }

    /// What has begun or ended since.
    public func notices(since before: FarmPeculiarities, time: (MonotonicInstant) -> String) -> [Notice] {
        AddressFamily.allCases.flatMap { familyNotices(since: before, $0) }
            + Self.backendNotices(before.held, held, began: "held", ended: "hold-over", time) { "held down until \($0) after relapses" }
            + Self.backendNotices(before.ejected, ejected, began: "ejected", ended: "ejection-over", time) {
                "ejected by passive detection until \($0)"
            }
    }

    private func familyNotices(since before: FarmPeculiarities, _ family: AddressFamily) -> [Notice] {
        let (old, new) = (Set(before.joined[family] ?? []), Set(joined[family] ?? []))
        return [panicNotice(since: before, family)].compactMap(\.self)
            + new.subtracting(old).sorted().map { Notice(backend: nil, state: "tier-joined", words: "tier \($0) joins") }
            + old.subtracting(new).sorted().map { Notice(backend: nil, state: "tier-left", words: "tier \($0) leaves") }
    }

    private func panicNotice(since before: FarmPeculiarities, _ family: AddressFamily) -> Notice? {
        let wasAbnormal = before.panics[family] != nil || before.lost[family] != nil
        if let health = panics[family] {
            guard before.panics[family] == nil else { return nil }
            let words = "panic: \(health.healthy) of \(health.counted) backends healthy; all are used"
            return Notice(backend: nil, state: "panic", words: words)
        }
        if let answer = lost[family] {
            guard before.lost[family] == nil else { return nil }
            return Notice(backend: nil, state: "panic-lost", words: "no backend is healthy any more, so the panic ends: \(answer)")
        }
        return wasAbnormal ? Notice(backend: nil, state: "panic-over", words: "the panic is over") : nil
    }

    private static func backendNotices(
        _ before: [String: MonotonicInstant], _ now: [String: MonotonicInstant], began: String, ended: String,
        _ time: (MonotonicInstant) -> String, _ words: (String) -> String
    ) -> [Notice] {
        let begun = now.filter { before[$0.key] != $0.value }.sorted { $0.key < $1.key }
        let over = before.keys.filter { now[$0] == nil }.sorted()
        return begun.map { Notice(backend: $0.key, state: began, words: words(time($0.value))) }
            + over.map { Notice(backend: $0, state: ended, words: "the \(began == "held" ? "hold" : "ejection") is over") }
    }
}
