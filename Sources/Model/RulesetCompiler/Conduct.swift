import FarmModel
import NetTypes
import Ruleset

/// What is asked of tracked connections packet by packet, behind conntrack and before translation.
///
/// A reply that conntrack cannot place leaves untranslated, its client (snat: the balancer itself) does not know it and resets the
/// connection. Dropped instead, it is sent again, and by then the client's next packet may have made conntrack know the connection.
enum Conduct {
    static let bogusChain = "bogus-flags"

    static func backendSet(_ variant: Variant) -> String { "tracked-backends\(variant.suffix)" }
    /// Backends that are down and whose connections were forgotten: they are told so.
    static func fallenSet(_ variant: Variant) -> String { "fallen-backends\(variant.suffix)" }
    static func strictSet(_ variant: Variant) -> String { "strict-listeners\(variant.suffix)" }
    static func resetMap(_ variant: Variant) -> String { "reset-listeners\(variant.suffix)" }

    static func backendType(_ variant: Variant) -> SetType {
        SetType(key: [.address(variant.family), .port], isInterval: variant.isRange)
    }
    static func strictType(_ variant: Variant) -> SetType {
        SetType(key: listener(variant.family).parts.map(\.field), isInterval: variant.isRange)
    }
    static func resetType(_ variant: Variant) -> SetType {
        SetType(key: listener(variant.family).parts.map(\.field), value: .verdict, isInterval: variant.isRange)
    }

    private static func listener(_ family: AddressFamily) -> Key { Key(.address(.destination, family), .transport, .port(.destination)) }

    /// The rules of the hook for the sets that there are. Packets of connections that are known pay for the resets' rule, if any, and one
    /// more; those that open one, for another.
    static func rules(_ sets: [String: ElementSet]) -> [Rule] {
        let resets = Variant.all.filter { sets[resetMap($0)] != nil }.map {
            Rule(.tcpFlags(.rst, among: .rst), .verdictMap(listener($0.family), map: resetMap($0)))
        }
        let strict = Variant.all.filter { sets[strictSet($0)] != nil }.map {
            Rule(.connectionState(.invalid), .inSet(listener($0.family), set: strictSet($0)), .verdict(.goto(bogusChain)))
        }
        let backends = Variant.all.filter { sets[backendSet($0)] != nil }
        let fallen = Variant.all.filter { sets[fallenSet($0)] != nil }
        let known = Rule(.connectionState(.established), .verdict(.accept))
        // Flags first: who opens no connection pays for one match only.
        let opens = Rule(.tcpFlags(.syn, among: [.fin, .syn, .rst, .ack]), .connectionState(.new), .verdict(.accept))
        return resets + [known] + (strict.isEmpty && backends.isEmpty ? [] : [opens]) + strict + guards(backends, fallen)
    }

    /// Invalid packets of backends, and such as seem to begin a connection in its middle. A backend may begin connections of its own
    /// from the port that it serves at; over udp nothing tells these from replies. A backend whose connections were forgotten because it is
    /// down gets a reset for each: so it learns that they are over.
    private static func guards(_ backends: [Variant], _ fallen: [Variant]) -> [Rule] {
        guard !backends.isEmpty else { return [] }
        let over = [ConnectionState.invalid, .new].map { state in
            fallen.map { variant in
                Rule(
                    .connectionState(state), .transport(.tcp), from(variant, fallenSet(variant)), .counter, .reject(.tcpReset))
            }
        }
        let invalid = backends.map {
            Rule(.connectionState(.invalid), .transport(.tcp), from($0, backendSet($0)), .counter, .verdict(.drop))
        }
        let new = backends.map { Rule(.connectionState(.new), .transport(.tcp), from($0, backendSet($0)), .counter, .verdict(.drop)) }
        return over[0] + invalid + over[1] + new
    }

    private static func from(_ variant: Variant, _ set: String) -> Statement {
        .inSet(Key(.address(.source, variant.family), .port(.source)), set: set)
    }
}

extension Conduct {
    /// Combinations that no TCP sends (RFC 9293, 3.10): conntrack calls them invalid, and such a packet would reach the host itself.
    static var bogusFlags: [Rule] {
        let combinations: [(TCPFlags, among: TCPFlags)] = [
            ([], [.fin, .syn, .rst, .ack]), ([.syn, .fin], [.syn, .fin]), ([.syn, .rst], [.syn, .rst]), ([.fin, .rst], [.fin, .rst]),
            (.fin, [.fin, .ack]),
        ]
        return combinations.map { Rule(.tcpFlags($0.0, among: $0.among), .counter, .verdict(.drop)) }
    }

    static let bogus = Chain(bogusChain, rules: bogusFlags)

    /// A chain for the resets of tracked connections. Sources that a policy accepts are past the limit.
    static func resetChains(_ profile: ResetProfile) -> [Chain] {
        let accepted = profile.accepted.map { Rule($0 + [.verdict(.accept)]) }
        let ban = profile.banSeconds.map { BanChain(profile.scope, profile.family, seconds: $0).chain }
        let refusal = Statement.verdict(ban.map { .goto($0.name) } ?? .drop)
        let rules = accepted + [resetRule(profile.rate, profile.scope, profile.family, refusal: refusal)]
        return (ban.map { [$0] } ?? []) + [Chain("resets\(profile.family.rawValue)-\(digest(rules))", rules: rules)]
    }

    static func resetRule(_ rate: Rate, _ scope: LimitScope, _ family: AddressFamily, refusal: Statement) -> Rule {
        let set = LimitSets.resetRates(scope, family, rate)
        return Rule(.tcpFlags(.rst, among: .rst), .rateOver(RateLimit(rate), scope.sourceKey(family), set: set.name), .counter, refusal)
    }
}

/// How many resets a farm of tracked connections takes of one source.
struct ResetProfile: Sendable, Hashable {
    let family: AddressFamily
    let scope: LimitScope
    let rate: Rate
    /// How sources are found that are past the limit.
    let accepted: [[Statement]]
    let banSeconds: UInt32?

    init?(_ farm: Farm, _ sources: SourceSets, _ family: AddressFamily) {
        guard farm.mode.usesConntrack, let rate = farm.limits.resetsPerSource else { return nil }
        (self.family, self.rate, scope) = (family, rate, LimitScope(farm, family))
        let accepting = farm.policies.indices.filter { farm.policies[$0].action == .accept }
        accepted = accepting.flatMap { sources.of(policy: $0, family) }.map(\.statements)
        banSeconds = farm.limits.banTime.map { UInt32(max(1, $0.components.seconds)) }
    }

    var sets: [ElementSet] {
        [LimitSets.resetRates(scope, family, rate)] + (banSeconds.map { [LimitSets.banned(scope, family, seconds: $0)] } ?? [])
    }
}
