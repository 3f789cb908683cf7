import FarmModel
import NetTypes
import Ruleset

/// What elements of sets count: each stands for a listener and one of its backends, and for as long as both are configured. So no verdict,
/// override or handover touches a counter (docs/design/counters.md).
public enum Counted: String, Sendable, Hashable, CaseIterable {
    /// Opened.
    case connections
    /// Packets and bytes to backends.
    case requests
    /// Packets and bytes from backends.
    case replies
    /// What a policy has decided on: packets where there is no conntrack, else connections.
    case policy
}

/// Whose packets an element counts.
public struct CountedElement: Sendable, Hashable {
    public let table: TableFamily
    public let set: String
    /// As in `ElementTable.identity`.
    public let identity: [UInt8]
    public let counted: Counted
    /// `Listener.description`
    public let listener: String
    /// The backend; of `.policy` the policy.
    public let subject: String

    public init(table: TableFamily, set: String, identity: [UInt8], counted: Counted, listener: String, subject: String) {
        (self.table, self.set, self.identity) = (table, set, identity)
        (self.counted, self.listener, self.subject) = (counted, listener, subject)
    }
}

extension Farm {
    /// What of it is counted.
    public var counted: Set<Counted> {
        switch (counters ?? .off, mode) {
        case (.off, _), (.connections, .dsr), (.connections, .stateless): []
        case (.connections, _): [.connections]
        case (.traffic, .dsr): [.connections, .requests]
        case (.traffic, _): [.connections, .requests, .replies]
        }
    }
}

/// What stands in the keys of sets that count.
enum CountedKeys: Hashable {
    case ports(Variant)
    /// Listeners that take all of an address: no protocol and no port.
    case whole(AddressFamily)

    init(_ mouth: Mouth) {
        self = mouth.key.isWhole ? .whole(mouth.family) : .ports(Variant(family: mouth.family, isRange: mouth.key.isRange))
    }

    /// Those with ports first: they come before the whole address.
    static let all = Variant.all.map(Self.ports) + AddressFamily.allCases.map(Self.whole)

    var family: AddressFamily {
        switch self {
        case .ports(let variant): variant.family
        case .whole(let family): family
        }
    }

    var isRange: Bool { if case .ports(let variant) = self { variant.isRange } else { false } }
    var isWhole: Bool { if case .whole = self { true } else { false } }

    /// What the names of sets end in.
    var suffix: String {
        switch self {
        case .ports(let variant): variant.suffix
        case .whole(let family): "-all\(family.rawValue)"
        }
    }

    func type(_ key: Key) -> SetType { SetType(key: key.parts.map(\.field), isInterval: isRange, isCounted: true) }
}

/// dnat, snat, local: by what conntrack knows.
enum TrackedCounting {
    /// `replies…` are maps of stateless farms.
    static func setName(_ counted: Counted, _ keys: CountedKeys) -> String {
        (counted == .replies ? "tracked-" : "") + counted.rawValue + keys.suffix
    }

    static func type(_ keys: CountedKeys) -> SetType { keys.type(key(keys, backend: .destination)) }

    static let repliesChain = "count-replies"

    /// A nat chain is asked by the first packet of a connection: an established one pays nothing.
    static func opened(_ sets: [String: ElementSet], _ transports: [TransportProtocol]) -> [Rule] {
        rules(.connections, sets, transports, backend: .destination)
    }

    static func packets(_ sets: [String: ElementSet], _ transports: [TransportProtocol]) -> [Rule] {
        [Rule(.direction(isReply: true), .verdict(.goto(repliesChain)))] + rules(.requests, sets, transports, backend: .destination)
    }

    static func replies(_ sets: [String: ElementSet], _ transports: [TransportProtocol]) -> Chain {
        Chain(repliesChain, rules: rules(.replies, sets, transports, backend: .source))
    }

    private static func rules(
        _ counted: Counted, _ sets: [String: ElementSet], _ transports: [TransportProtocol], backend: Side
    ) -> [Rule] {
        CountedKeys.all.filter { sets[setName(counted, $0)] != nil }.flatMap { keys in
            let statements: [Statement] = [
                .destinationTranslated, .inSet(key(keys, backend: backend), set: setName(counted, keys)), .verdict(.accept),
            ]
            return keys.isWhole ? [Rule(statements)] : TranslatedTo.askingForTransport(statements, of: transports)
        }
    }

    /// The listener as conntrack remembers it, and the backend.
    private static func key(_ keys: CountedKeys, backend side: Side) -> Key {
        let (family, listener) = (keys.family, KeyPart.originalDestination(keys.family))
        return keys.isWhole
            ? Key(listener, .address(side, family))
            : Key(listener, .transport, .originalDestinationPort, .address(side, family), .port(side))
    }
}

/// dsr and stateless: the frame names the backend, in its destination MAC on the way to it, in its source MAC the listener on the way back.
enum DirectCounting {
    static func setName(_ counted: Counted, _ keys: CountedKeys) -> String {
        (counted == .replies ? "stateless-" : "") + counted.rawValue + keys.suffix
    }

    static func type(_ keys: CountedKeys) -> SetType { keys.type(requestKey(keys)) }

    private static func requestKey(_ keys: CountedKeys) -> Key {
        let (address, number) = (KeyPart.address(.destination, keys.family), KeyPart.mac(.destination))
        return keys.isWhole ? Key(address, number) : Key(address, .transport, .port(.destination), number)
    }

    /// Without a verdict: the packet goes on.
    static func requests(_ sets: [String: ElementSet], _ families: [AddressFamily]) -> [Rule] {
        existing(.requests, sets, families).map { Rule(.inSet(requestKey($0), set: setName(.requests, $0))) }
            + existing(.connections, sets, families).map {
                Rule(.tcpFlags(.syn, among: [.fin, .syn, .rst, .ack]), .inSet(requestKey($0), set: setName(.connections, $0)))
            }
    }

    static func replies(_ sets: [String: ElementSet], _ family: AddressFamily) -> [Rule] {
        existing(.replies, sets, [family]).map {
            Rule(.inSet(Key(.address(.source, family), .transport, .port(.source), .mac(.source)), set: setName(.replies, $0)))
        }
    }

    private static func existing(_ counted: Counted, _ sets: [String: ElementSet], _ families: [AddressFamily]) -> [CountedKeys] {
        CountedKeys.all.filter { families.contains($0.family) && sets[setName(counted, $0)] != nil }
    }
}

extension Chain {
    /// With rules in front of its own.
    func behind(_ first: [Rule]) -> Chain { Chain(name, base: base, rules: first + rules) }
}
