import FarmModel
import NetTypes
import Ruleset

/// A policy as rules: whose packets it decides on, and how.
struct PolicyRules: Sendable, Hashable {
    let action: Policy.Action
    /// Sets of networks of one family; the policy holds what any of them holds.
    let sets: [String]
    /// Nil where nothing is logged.
    let log: Log?

    struct Log: Sendable, Hashable {
        let prefix: String
        let rate: Rate
    }

    init?(_ policy: Policy, _ farm: Farm, _ family: AddressFamily) {
        sets = SourceSet.sets(of: policy, family).map(\.name)
        guard !sets.isEmpty else { return nil }
        action = policy.action
        log = policy.log.map { Log(prefix: "\(farm.logPrefix)\(policy.name) ", rate: $0) }
    }

    /// The rules, and the chain that they go to where the policy logs. An accepted packet goes to `accepted`.
    func rules(_ family: AddressFamily, accepted: Statement) -> (rules: [Rule], chain: Chain?) {
        let decision = action == .accept ? accepted : .verdict(.drop)
        let chain = log.map { Self.chain($0, decision) }
        var action: [Statement] = [.counter, decision]
        if let chain { action = [.verdict(.goto(chain.name))] }
        return (sets.map { Rule([.inSet(Key(.address(.source, family)), set: $0)] + action) }, chain)
    }

    private static func chain(_ log: Log, _ decision: Statement) -> Chain {
        let rules = [Rule(.rate(RateLimit(log.rate), isOver: false), .log(prefix: log.prefix)), Rule(.counter, decision)]
        return Chain("policy-\(digest(rules))", rules: rules)
    }
}

/// The sets of networks that policies name. A single field of ranges is a tree in the kernel (docs/benchmarks.md, "Policies").
enum SourceSet {
    static func type(_ family: AddressFamily) -> SetType { SetType(key: [.address(family)], isInterval: true) }

    /// What stands in the farm file is named by its content, so that equal lists are one set. A list file is named by its path: when
    /// it changes, elements come and go, and the set stays.
    static func sets(of policy: Policy, _ family: AddressFamily) -> [(name: String, rows: [UInt8])] {
        var sets: [(name: String, rows: [UInt8])] = []
        let own = SourceList(policy.sources).octets(family)
        if !own.isEmpty { sets.append(("networks\(family.rawValue)-\(hexadecimal(identity(of: own)))", own)) }
        if let file = policy.sourceFile {
            sets.append(("list\(family.rawValue)-\(hexadecimal(identity(of: file)))", policy.list?.octets(family) ?? []))
        }
        return sets
    }
}

/// Tells rules apart: equal ones have equal digests on every node.
func digest(_ rules: [Rule]) -> String { hexadecimal(identity(of: rules.map(\.description).joined(separator: "\n"))) }

/// As that of a name.
private func identity(of octets: [UInt8]) -> UInt64 {
    mixed(octets.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 })
}

/// 16 digits.
private func hexadecimal(_ number: UInt64) -> String {
    let digits = String(number, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
}
