import FarmModel
import NetTypes
import Ruleset

/// What a farm asks of clients before it balances them. Farms with equal profiles share a chain.
struct GuardProfile: Sendable, Hashable {
    let family: AddressFamily
    /// Nil where only the first packet of a connection comes by, as conntrack knows the others. Else each packet does.
    let transport: TransportProtocol?
    let scope: LimitScope
    let policies: [PolicyRules]
    let isStrict: Bool
    let resets: Rate?
    let newPerSource: Rate?
    let connectionsPerSource: UInt32?
    let banSeconds: UInt32?
    let farmRate: FarmRate?

    /// The bucket of a farm's own rule: the kernel has none that could be looked up.
    struct FarmRate: Sendable, Hashable {
        let farm: String
        let rate: Rate
    }

    /// Nil for a farm that asks for nothing here. Resets and bogus flags of tracked connections are met at another hook (`Conduct`).
    init?(_ farm: Farm, _ sources: SourceSets, _ family: AddressFamily, _ transport: TransportProtocol) {
        let (limits, isTracked) = (farm.limits, farm.mode.usesConntrack)
        self.family = family
        self.transport = isTracked ? nil : transport
        policies = farm.policies.enumerated().compactMap {
            PolicyRules($1, farm, sources.of(policy: $0, family), family, isWhole: transport == .all)
        }
        isStrict = !isTracked && transport == .tcp && limits.tcpStrict
        resets = isTracked || transport != .tcp ? nil : limits.resetsPerSource
        newPerSource = limits.newConnectionsPerSource
        connectionsPerSource = isTracked ? limits.connectionsPerSource.map { UInt32(clamping: $0) } : nil
        farmRate = limits.newConnections.map { FarmRate(farm: farm.name, rate: $0) }
        let isPerSource = limits.newConnectionsPerSource != nil || limits.connectionsPerSource != nil || limits.resetsPerSource != nil
        banSeconds = isPerSource ? limits.banTime.map { UInt32(max(1, $0.components.seconds)) } : nil
        scope = isPerSource ? LimitScope(farm, family) : .listener
        guard !policies.isEmpty || isStrict || isPerSource || farmRate != nil else { return nil }
    }

    /// Matches the packets that begin something.
    var opening: [Statement] { transport == .tcp ? [.tcpFlags(.syn, among: [.fin, .syn, .rst, .ack])] : [] }

    var sourceKey: Key { scope.sourceKey(family) }

    var sets: [ElementSet] {
        [
            newPerSource.map { LimitSets.connectionRates(scope, family, $0) },
            connectionsPerSource.map { LimitSets.connections(scope, family, $0) },
            resets.map { LimitSets.resetRates(scope, family, $0) },
            banSeconds.map { LimitSets.banned(scope, family, seconds: $0) },
        ].compactMap { $0 } + policies.compactMap(\.hits).flatMap(\.sets)
    }
}
