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
    /// Nil where the farm does not count.
    let hits: PolicyHits?

    struct Log: Sendable, Hashable {
        let prefix: String
        let rate: Rate
    }

    /// `isWhole`: for listeners that take all of an address.
    init?(_ policy: Policy, _ farm: Farm, _ sets: [SourceSet], _ family: AddressFamily, isWhole: Bool) {
        guard !sets.isEmpty else { return nil }
        matches = sets.map(\.statements)
        hits = PolicyHits(policy, farm, sets, family, isWhole: isWhole)
        action = policy.action
        log = policy.log.map { Log(prefix: "\(farm.logPrefix)\(policy.name) ", rate: $0) }
    }

    /// The rules, and the chain that they go to where the policy logs. An accepted packet goes to `accepted`.
    func rules(accepted: Statement) -> (rules: [Rule], chain: Chain?) {
        let decision = action == .accept ? accepted : .verdict(.drop)
        let chain = log == nil && hits == nil ? nil : chain(decision)
        var action: [Statement] = [.counter, decision]
        if let chain { action = [.verdict(.goto(chain.name))] }
        return (matches.map { Rule($0 + action) }, chain)
    }

    private func chain(_ decision: Statement) -> Chain {
        let logged = log.map { [Rule(.rate(RateLimit($0.rate), isOver: false), .log(prefix: $0.prefix))] } ?? []
        let rules = (hits?.rules ?? []) + logged + [Rule(.counter, decision)]
        return Chain("policy-\(digest(rules))", rules: rules)
    }
}

/// Sets with an element for each listener, which counts what the policy has decided on there: farms with equal policies share the rules.
struct PolicyHits: Sendable, Hashable {
    private let digest: String
    private let keys: [CountedKeys]

    init?(_ policy: Policy, _ farm: Farm, _ sets: [SourceSet], _ family: AddressFamily, isWhole: Bool) {
        guard let counting = farm.counters, counting != .off else { return nil }
        let words = [policy.action.rawValue] + sets.map(\.name)
        digest = hexadecimal(identity(of: words.joined(separator: " ")))
        // Some ports of the farm may be ranges, which have a set of their own.
        let hasRanges = farm.listeners.contains { listener in
            listener.address.family == family
                && listener.ports.contains { ![.single, .expanded].contains(farm.form(of: $0, family)) }
        }
        let variants = [false, true].filter { !$0 || hasRanges }.map { Variant(family: family, isRange: $0) }
        keys = isWhole ? [.whole(family)] : variants.map(CountedKeys.ports)
    }

    func setName(_ keys: CountedKeys) -> String { "hits\(keys.suffix)-\(digest)" }

    var sets: [ElementSet] { keys.map { ElementSet(name: setName($0), type: Self.type($0)) } }

    static func type(_ keys: CountedKeys) -> SetType { keys.type(key(keys)) }

    private static func key(_ keys: CountedKeys) -> Key {
        let address = KeyPart.address(.destination, keys.family)
        return keys.isWhole ? Key(address) : Key(address, .transport, .port(.destination))
    }

    var rules: [Rule] { keys.map { Rule(.inSet(Self.key($0), set: setName($0))) } }
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
