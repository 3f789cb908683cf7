import FarmModel
import NetTypes
import Ruleset

/// What farms have in common that share a selection chain. The number of these depends on features in use, never on the number of
/// farms; only strict round-robin, whose counter the kernel ties to a rule, brings one a farm.
struct Selection: Sendable, Hashable {
    /// Which table selects, and what it looks up.
    enum Path: Sendable, Hashable {
        /// Conntrack translates: the backend's endpoint.
        case translate
        /// dsr: the backend's MAC.
        case direct
        /// The backend's number (`BackendNumber`), which stands in the frame's destination MAC until addresses are rewritten.
        case stateless
    }
    /// How a listener's ports stand in the key, and whether the backend's port stands in the value.
    enum Ports: Sendable, Hashable {
        /// One port a key; the value has a port.
        case single
        /// A range a key; the value has a port.
        case range
        /// A range a key; the client's port is kept.
        case kept
        /// No port and no protocol: all of an address is one key, and the backend gets what came.
        case whole
    }
    /// Which packets its rules are for. Of its own where a rule has to name the transport, so that others do not pay for it.
    enum Traffic: String, Sendable, Hashable {
        /// tcp and udp; in dsr, which asks for no transport, sctp too.
        case common = ""
        case sctp = "sctp-"
    }
    enum Selector: Sendable, Hashable {
        case hash(HashInputs)
        case random
        case turns(farm: String)
        case symmetricHash
    }

    let path: Path
    let family: AddressFamily
    let ports: Ports
    let modulus: Int
    let selector: Selector
    let traffic: Traffic

    /// Its counter is a rule's, and so a farm's.
    var takesTurns: Bool { if case .turns = selector { true } else { false } }
    var table: TableFamily { path == .translate ? .inet : .netdev }
    var hasPortInValue: Bool { path == .translate && (ports == .single || ports == .range) }
    private var isRange: Bool { ports == .range || ports == .kept }

    /// The chain that selects.
    var name: String { chainName((path == .stateless ? "stateless" : "select") + description) }

    /// What the chains of this selection have in their names: `4-127-hash-saddr-sport`.
    var description: String {
        let family = family.rawValue
        let suffix =
            switch ports {
            case .single: ""
            case .range: "-range"
            case .kept: "-kept"
            case .whole: "-all"
            }
        return switch selector {
        case .turns(let farm): "\(family)\(suffix)-\(traffic.rawValue)round-robin-\(farm)"
        case .random: "\(family)-\(modulus)\(suffix)-\(traffic.rawValue)random"
        case .symmetricHash: "\(family)-\(modulus)\(suffix)-\(traffic.rawValue)symhash"
        case .hash(let inputs): "\(family)-\(modulus)\(suffix)-\(traffic.rawValue)hash-\(inputs.text(self.family))"
        }
    }

    var slotMapName: String { "\(portsPrefix)slots\(family.rawValue)-\(modulus)" }

    /// Sets have a type, so that ranges and values without a port have sets of their own.
    var portsPrefix: String {
        switch ports {
        case .single: ""
        case .range: "range-"
        case .kept: "kept-"
        case .whole: "all-"
        }
    }

    var slotMapType: SetType {
        let value: [Field] =
            switch path {
            case .direct, .stateless: [.mac]
            case .translate: hasPortInValue ? [.address(family), .port] : [.address(family)]
            }
        return SetType(key: key.parts.map(\.field), value: .fields(value), isInterval: isRange)
    }

    var key: Key { key(slotSelector(modulus: modulus)) }

    /// Where a packet looks whose slot is vacant.
    private var spareKey: Key { key(slotSelector(modulus: SlotTable.spareCount(modulus), offset: modulus)) }

    private func key(_ slot: SlotSelector) -> Key {
        ports == .whole
            ? Key(.address(.destination, family), .slot(slot))
            : Key(.address(.destination, family), .transport, .port(.destination), .slot(slot))
    }

    private func slotSelector(modulus: Int, offset: Int = 0) -> SlotSelector {
        let (modulus, offset) = (UInt32(modulus), UInt32(offset))
        return switch selector {
        case .turns: .counter(modulus: modulus, offset: offset)
        case .random: .random(modulus: modulus, offset: offset)
        case .symmetricHash: .symmetricHash(modulus: modulus, offset: offset)
        case .hash(let inputs): .hash(inputs.keyParts(family), modulus: modulus, seed: Selection.seed, offset: offset)
        }
    }

    /// One seed for every farm and node: nodes with equal configuration choose alike without talking.
    static let seed: UInt32 = 0x7A76_6E66
}

extension Selection.Traffic {
    /// What rules have to name.
    var transports: [TransportProtocol] {
        switch self {
        case .common: [.tcp, .udp]
        case .sctp: [.sctp]
        }
    }

    init(_ transport: TransportProtocol, _ path: Selection.Path) { self = transport == .sctp && path != .direct ? .sctp : .common }
}

extension Selection {
    /// Where a packet goes whose frame names the backend.
    var delivery: String { path == .stateless ? Stateless.rewriteChain(family, traffic) : Direct.forwardChain }

    /// The lookup stands twice: kernels before 6.2 can miss a key that is being replaced, and the second look then finds it
    /// (docs/packet-path.md). Behind both, a packet of a listener is dropped rather than left to the host.
    ///
    /// Plain slots come next: those of a listener whose others are in transition, or whose farm has just lost its last wish. Spares come
    /// last, for slots that a mass failure has left vacant; only farms with conntrack have them.
    var chain: Chain {
        let lookups = lookups(in: slotMapName)
        let spares = path == .translate ? self.lookups(in: slotMapName, by: spareKey) : []
        return Chain(name, rules: lookups + lookups + (PlainSlots(self)?.lookups ?? []) + spares + [Rule(.counter, .verdict(.drop))])
    }

    func lookups(in map: String) -> [Rule] { lookups(in: map, by: key) }

    /// Sends the packet to the backend that a map of slots names; goes on where it names none.
    private func lookups(in map: String, by key: Key) -> [Rule] {
        switch path {
        case .direct, .stateless: [Rule(.setMAC(.destination, key, map: map), .verdict(.goto(delivery)))]
        case .translate where ports == .whole: [Rule(.destinationNAT(family, key, map: map, hasPort: false))]
        case .translate:
            // nft asks for the transport before it lets a rule translate ports.
            traffic.transports.map { Rule(.transport($0), .destinationNAT(family, key, map: map, hasPort: hasPortInValue)) }
        }
    }
}
