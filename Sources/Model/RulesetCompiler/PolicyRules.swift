import FarmModel
import NetTypes
import Ruleset

/// A policy as rules: whose packets it decides on, and how.
struct PolicyRules: Sendable, Hashable {
    let action: Policy.Action
    /// How a source is found in a set of networks; the policy holds what any of them holds.
    let matches: [[Statement]]
    /// Nil where nothing is logged.
    let log: Log?

    struct Log: Sendable, Hashable {
        let prefix: String
        let rate: Rate
    }

    init?(_ policy: Policy, _ farm: Farm, _ sets: [SourceSet]) {
        guard !sets.isEmpty else { return nil }
        matches = sets.map(\.statements)
        action = policy.action
        log = policy.log.map { Log(prefix: "\(farm.logPrefix)\(policy.name) ", rate: $0) }
    }

    /// The rules, and the chain that they go to where the policy logs. An accepted packet goes to `accepted`.
    func rules(accepted: Statement) -> (rules: [Rule], chain: Chain?) {
        let decision = action == .accept ? accepted : .verdict(.drop)
        let chain = log.map { Self.chain($0, decision) }
        var action: [Statement] = [.counter, decision]
        if let chain { action = [.verdict(.goto(chain.name))] }
        return (matches.map { Rule($0 + action) }, chain)
    }

    private static func chain(_ log: Log, _ decision: Statement) -> Chain {
        let rules = [Rule(.rate(RateLimit(log.rate), isOver: false), .log(prefix: log.prefix)), Rule(.counter, decision)]
        return Chain("policy-\(digest(rules))", rules: rules)
    }
}

/// Tells rules apart: equal ones have equal digests on every node.
func digest(_ rules: [Rule]) -> String { hexadecimal(identity(of: rules.map(\.description).joined(separator: "\n"))) }

/// As that of a name.
func identity(of octets: [UInt8]) -> UInt64 {
    mixed(octets.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 })
}

/// 16 digits.
func hexadecimal(_ number: UInt64) -> String {
    let digits = String(number, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
}
