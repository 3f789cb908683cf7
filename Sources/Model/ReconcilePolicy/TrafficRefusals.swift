import Ruleset
import RulesetCompiler

/// Packets that were refused, by reason: sums that only grow, over counters of the kernel that begin anew with each rule.
public struct RefusalTotals: Codable, Sendable, Equatable {
    /// By `Refusal.rawValue`, so that a version that knows other reasons can read it.
    private var totals: [String: UInt64] = [:]
    /// What has been added up already, by chain and rule.
    private var seen: [String: [String: UInt64]] = [:]

    public init() {}

    public subscript(_ refusal: Refusal) -> UInt64 { totals[refusal.rawValue] ?? 0 }

    /// Adds what has been counted since the last reading. Rules of `ruleset` and `counters` stand in the same order.
    ///
    /// A rule that shows less than it did is a new one: it began at 0.
    public mutating func take(_ counters: [TableFamily: [String: [RuleCounter?]]], of ruleset: Ruleset) {
        var now: [String: [String: UInt64]] = [:]
        for table in ruleset.tables {
            for chain in table.chains where chain.isCountingRefusals {
                let key = Self.key(table.family, chain.name)
                // Not as we know it: what has been seen stays until it is mended.
                guard let read = counters[table.family]?[chain.name], read.count == chain.rules.count else {
                    now[key] = seen[key]
                    continue
                }
                now[key] = take(read, of: chain, formerly: seen[key] ?? [:])
            }
        }
        seen = now
    }

    private mutating func take(_ read: [RuleCounter?], of chain: Chain, formerly: [String: UInt64]) -> [String: UInt64] {
        var now: [String: UInt64] = [:]
        var reasons: [String: Refusal] = [:]
        for (rule, counter) in zip(chain.rules, read) {
            guard let counter, let refusal = Refusal(counting: rule, in: chain.name) else { continue }
            now[rule.description, default: 0] += counter.packets
            reasons[rule.description] = refusal
        }
        for (rule, refusal) in reasons {
            let (packets, before) = (now[rule] ?? 0, formerly[rule] ?? 0)
            totals[refusal.rawValue, default: 0] += packets >= before ? packets - before : packets
        }
        return now
    }

    /// The batch is about to remove rules that have counted: they are read before.
    public static func isLosing(_ batch: Batch, of ruleset: Ruleset) -> Bool { !lost(batch, of: ruleset).isEmpty }

    /// The batch has been taken: the rules that it has removed, and made anew perhaps, begin at 0.
    public mutating func settle(_ batch: Batch, of ruleset: Ruleset) {
        for key in Self.lost(batch, of: ruleset) { seen[key] = nil }
    }

    private static func lost(_ batch: Batch, of ruleset: Ruleset) -> [String] {
        var (tables, chains): (Set<TableFamily>, Set<String>) = ([], [])
        for operation in batch.operations {
            switch operation {
            case .deleteTable(let family): tables.insert(family)
            case .flushChain(let family, let name), .deleteChain(let family, let name): chains.insert(key(family, name))
            default: break
            }
        }
        guard !tables.isEmpty || !chains.isEmpty else { return [] }
        return ruleset.tables.flatMap { table in
            table.chains.compactMap { chain in
                let name = key(table.family, chain.name)
                return (tables.contains(table.family) || chains.contains(name)) && chain.isCountingRefusals ? name : nil
            }
        }
    }

    private static func key(_ family: TableFamily, _ chain: String) -> String { "\(family) \(chain)" }
}

extension Chain {
    fileprivate var isCountingRefusals: Bool { rules.contains { Refusal(counting: $0, in: name) != nil } }
}
