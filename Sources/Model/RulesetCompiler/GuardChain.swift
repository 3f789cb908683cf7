import FarmModel
import NetTypes
import Ruleset

/// Policies and limits as rules: a detour before the selection.
///
/// What is above a limit is dropped, not rejected: answers to forged sources would hit somebody else, an attacker costs nothing more, and
/// an honest client that was too fast tries again by itself. A source that a policy accepts is past the limits. A full set ends a
/// rule like a failed match: its sources are then not limited, and nobody is turned away because of others.
struct GuardChain {
    let profile: GuardProfile
    let next: String

    static let role = "guard"

    /// In the order of creation; the last is the one to enter.
    var chains: [Chain] {
        let (rules, helping) = (self.rules, helpingChains)
        return helping + [Chain("\(Self.role)\(profile.family.rawValue)-\(digest(rules))", rules: rules)]
    }

    private var rules: [Rule] {
        strictRules + policyRules.flatMap(\.rules) + banRules + resetRules + sourceRules + farmRules + [Rule(.verdict(.goto(next)))]
    }

    /// Of equal names there is one chain: those of policies and bans are named by their content.
    private var helpingChains: [Chain] {
        var chains = policyRules.compactMap(\.chain)
        if let refusal = BanChain(profile) { chains.append(refusal.chain) }
        if let rate = profile.farmRate {
            chains.append(
                Chain(
                    Self.farmChain(rate.farm),
                    rules: [Rule(.rate(RateLimit(rate.rate), isOver: true), .counter, .verdict(.drop))]))
        }
        return chains
    }

    static func farmChain(_ farm: String) -> String { chainName("new-connections-\(farm)") }

    private var policyRules: [(rules: [Rule], chain: Chain?)] {
        profile.policies.map { $0.rules(accepted: .verdict(.goto(next))) }
    }

    private var strictRules: [Rule] { profile.isStrict ? Conduct.bogusFlags : [] }

    private var banRules: [Rule] {
        guard let seconds = profile.banSeconds else { return [] }
        let set = LimitSets.banned(profile.scope, profile.family, seconds: seconds)
        return [Rule(profile.opening + [.inSet(profile.sourceKey, set: set.name), .counter, .verdict(.drop)])]
    }

    private var resetRules: [Rule] {
        profile.resets.map { [Conduct.resetRule($0, profile.scope, profile.family, refusal: refusal)] } ?? []
    }

    /// By source first: what one source does too much of does not use up what the farm has for all.
    private var sourceRules: [Rule] {
        var rules: [Rule] = []
        if let rate = profile.newPerSource {
            let set = LimitSets.connectionRates(profile.scope, profile.family, rate)
            rules.append(Rule(profile.opening + [.rateOver(RateLimit(rate), profile.sourceKey, set: set.name), .counter, refusal]))
        }
        if let count = profile.connectionsPerSource {
            let set = LimitSets.connections(profile.scope, profile.family, count)
            rules.append(Rule(.connectionsOver(count, profile.sourceKey, set: set.name), .counter, refusal))
        }
        return rules
    }

    private var farmRules: [Rule] {
        profile.farmRate.map { [Rule(profile.opening + [.verdict(.jump(Self.farmChain($0.farm)))])] } ?? []
    }

    private var refusal: Statement { BanChain(profile).map { .verdict(.goto($0.chain.name)) } ?? .verdict(.drop) }
}

/// Notes a source that was over a limit, and drops its packet; also when there is no room for the note.
struct BanChain {
    let set: ElementSet
    private let key: Key

    init?(_ profile: GuardProfile) {
        guard let seconds = profile.banSeconds else { return nil }
        self.init(profile.scope, profile.family, seconds: seconds)
    }

    init(_ scope: LimitScope, _ family: AddressFamily, seconds: UInt32) {
        set = LimitSets.banned(scope, family, seconds: seconds)
        key = scope.sourceKey(family)
    }

    var chain: Chain {
        let rules = [Rule(.note(key, set: set.name)), Rule(.verdict(.drop))]
        return Chain("ban-\(digest(rules))", rules: rules)
    }
}
