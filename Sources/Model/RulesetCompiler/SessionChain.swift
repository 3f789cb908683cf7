import FarmModel
import NetTypes
import Ruleset

/// Persistence: a client's connections go where its last one went, as long as that backend is usable.
///
/// Asked by the first packet of a connection only. The frame's destination MAC, which is not needed any more, carries the backend's
/// number from map to map. A session is worth nothing without its backend in the map of live ones, so that the batch that takes a
/// backend out takes its sessions out; the kernel forgets them when their client comes again.
struct SessionChain: Sendable, Hashable {
    let inputs: HashInputs
    let transport: TransportProtocol
    let seconds: UInt32
    let hasStaticSessions: Bool

    /// Sessions that the map can hold. When it is full, clients are balanced by the scheduler alone.
    static let size: UInt32 = 262_144

    func name(_ selection: Selection) -> String {
        let kind = "sessions-\(inputs.text(selection.family))-\(transport)-\(seconds)s\(hasStaticSessions ? "-static" : "")"
        return chainName("\(kind)-\(selection.name)")
    }

    func chain(next: String, _ selection: Selection) -> Chain {
        let client = client(selection.family)
        func number(_ key: Key, _ map: String) -> Statement { .setMAC(.destination, key, map: map) }
        let renew = Statement.remember(client, map: sessionMap(selection.family), value: .mac(.destination), seconds: seconds)
        let deliver = Statement.destinationNAT(
            selection.family, Self.liveKey(selection), map: Self.liveMap(selection), hasPort: selection.hasPortInValue)
        let fixed = number(Self.staticKey(selection), Self.staticMap(selection))
        let session = number(client, sessionMap(selection.family))
        let rules: [Rule] = [
            Rule(.transport(transport), session, renew, deliver),
            Rule(.transport(transport), session, .forget(client, map: sessionMap(selection.family), value: .mac(.destination))),
            Rule(.transport(transport), number(selection.key, selection.numberedMapName), renew, deliver),
            Rule(.verdict(.goto(next))),
        ]
        return Chain(name(selection), rules: (hasStaticSessions ? [Rule(.transport(transport), fixed, deliver)] : []) + rules)
    }

    func sets(_ selection: Selection) -> [ElementSet] {
        let own = [
            ElementSet(name: Self.liveMap(selection), type: Self.liveType(selection)),
            ElementSet(name: selection.numberedMapName, type: selection.numberedMapType), sessions(selection.family),
        ]
        return own + (hasStaticSessions ? [ElementSet(name: Self.staticMap(selection), type: Self.staticType(selection))] : [])
    }

    /// What the kernel remembers; farms with equal keys share it.
    func sessions(_ family: AddressFamily) -> ElementSet {
        ElementSet(
            name: sessionMap(family),
            type: SetType(key: client(family).parts.map(\.field), value: .fields([.mac]), dynamic: .init(size: Self.size)))
    }

    /// Whether the map holds addresses, not hashes of them.
    func isExact(_ family: AddressFamily) -> Bool { family == .ipv4 && inputs == .address }

    func sessionMap(_ family: AddressFamily) -> String { "sessions\(family.rawValue)-\(inputs.text(family))" }

    /// The client and the listener. nft cannot write to maps with keys over 16 octets: what is longer stands as hashes of it.
    private func client(_ family: AddressFamily) -> Key {
        let listener: [KeyPart] = [.address(.destination, family), .port(.destination)]
        if isExact(family) { return Key(.address(.source, family), listener[0], .transport, listener[1]) }
        func word(_ parts: [KeyPart], seed: UInt32) -> KeyPart { .slot(.hash(parts, modulus: .max, seed: seed)) }
        let source = inputs.keyParts(family)
        return Key(
            word(source, seed: Selection.seed), word(source, seed: ~Selection.seed), word(listener, seed: Selection.seed), .transport)
    }
}

extension SessionChain {
    static func liveMap(_ selection: Selection) -> String { selection.mapName("live-backends") }
    static func liveType(_ selection: Selection) -> SetType {
        let value: [Field] = selection.hasPortInValue ? [.address(selection.family), .port] : [.address(selection.family)]
        return SetType(key: liveKey(selection).parts.map(\.field), value: .fields(value), isInterval: selection.ports != .single)
    }
    static func liveKey(_ selection: Selection) -> Key {
        Key(.address(.destination, selection.family), .transport, .port(.destination), .mac(.destination))
    }

    static func staticMap(_ selection: Selection) -> String { selection.mapName("static-sessions") }
    static func staticType(_ selection: Selection) -> SetType {
        SetType(key: staticKey(selection).parts.map(\.field), value: .fields([.mac]), isInterval: selection.ports != .single)
    }
    static func staticKey(_ selection: Selection) -> Key {
        Key(.address(.source, selection.family), .address(.destination, selection.family), .transport, .port(.destination))
    }
}

extension Selection {
    /// As the slot map, with the backends' numbers.
    var numberedMapName: String { "numbered-" + slotMapName }
    var numberedMapType: SetType { SetType(key: slotMapType.key, value: .fields([.mac]), isInterval: slotMapType.isInterval) }

    func mapName(_ name: String) -> String { "\(portsPrefix)\(name)\(family.rawValue)" }
}

extension Farm {
    /// Whole seconds, as the kernel keeps sessions in a resolution that nft can list.
    func sessions(_ transport: TransportProtocol, _ family: AddressFamily) -> SessionChain? {
        persistence.map { persistence in
            SessionChain(
                inputs: persistence.key, transport: transport, seconds: UInt32(max(1, persistence.timeout.components.seconds)),
                hasStaticSessions: persistence.sessions.contains { $0.source.family == family })
        }
    }
}
