import FarmModel
import NetTypes
import Ruleset

/// Bounds on the connections of single backends, behind translation: only there is it known which one it has become.
///
/// The kernel walks the list of a backend's connections for a new one, so that its cost grows with the bound (docs/benchmarks.md,
/// "Limits"). Connections above it are reset: nobody gains by trying again at once, and the scheduler is not asked twice.
struct BackendLimit: Sendable, Hashable {
    let family: AddressFamily
    let scope: LimitScope
    /// It takes connections at one port.
    let hasPort: Bool
    let count: UInt32
    let transports: [TransportProtocol]

    init?(_ backend: Backend, of farm: Farm, _ transport: TransportProtocol) {
        guard farm.mode.usesConntrack, let limit = backend.connectionLimit else { return nil }
        family = backend.address.family
        scope = LimitScope(farm, family)
        hasPort = scope == .listener || backend.port?.isSingle == true
        count = UInt32(clamping: limit)
        transports = transport == .sctp ? [.sctp] : TranslatedTo.common
    }

    static let refusalChain = "refuse"

    static func mapName(_ variant: Variant) -> String { "limited-backends\(variant.suffix)" }

    var set: ElementSet { LimitSets.backendConnections(scope, family, hasPort: hasPort, count) }

    var chain: Chain {
        let key = scope.backendKey(family, hasPort: hasPort)
        let rules = TranslatedTo.askingForTransport(
            [.connectionsOver(count, key, set: set.name), .counter, .verdict(.goto(Self.refusalChain))], of: transports)
        return Chain("backend-limit\(family.rawValue)-\(count)-\(digest(rules))", rules: rules)
    }

    static let refusal = Chain(
        refusalChain, rules: [Rule(.transport(.tcp), .reject(.tcpReset)), Rule(.reject(.administrativelyProhibited))])

    static func rules(_ variant: Variant, of transports: [TransportProtocol]) -> [Rule] {
        TranslatedTo.askingForTransport(
            [.connectionState(.new), .destinationTranslated, .verdictMap(TranslatedTo.key(variant.family), map: mapName(variant))],
            of: transports)
    }
}

/// Bits of the packet mark for what goes to a backend, behind translation and before routing: rules of routing, shaping and other
/// firewalls can tell it by them. Packets that come back are not marked.
enum PacketMarks {
    static func mapName(_ variant: Variant) -> String { "marked-backends\(variant.suffix)" }

    /// Nil for a backend without marks.
    static func mark(of backend: Backend, _ farm: Farm) -> UInt32? {
        let mark = (farm.mark ?? 0) | (backend.mark ?? 0)
        return farm.mode.usesConntrack && mark != 0 ? mark : nil
    }

    static func chain(_ mark: UInt32) -> Chain { Chain("mark-\(String(mark, radix: 16))", rules: [Rule(.setMark(mark))]) }

    static func rules(_ variant: Variant, of transports: [TransportProtocol]) -> [Rule] {
        TranslatedTo.askingForTransport(
            [.destinationTranslated, .verdictMap(TranslatedTo.key(variant.family), map: mapName(variant))], of: transports)
    }
}

/// Where a packet of a client came to, and which backend it goes to: as one key.
enum TranslatedTo {
    static func key(_ family: AddressFamily) -> Key {
        Key(
            .originalDestination(family), .transport, .originalDestinationPort, .address(.destination, family), .port(.destination))
    }

    /// nft knows what the ports that conntrack remembers are only behind a match of the transport.
    static func askingForTransport(_ statements: [Statement], of transports: [TransportProtocol]) -> [Rule] {
        transports.map { Rule([.transport($0)] + statements) }
    }

    /// What there are always rules for, so that the first farm of a transport changes none; sctp, which few have, comes with its farms.
    static let common: [TransportProtocol] = [.tcp, .udp]

    static func type(_ variant: Variant) -> SetType {
        SetType(key: key(variant.family).parts.map(\.field), value: .verdict, isInterval: variant.isRange)
    }
}
