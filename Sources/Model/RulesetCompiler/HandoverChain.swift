import FarmModel
import NetTypes
import Ruleset

/// While slots move: a flow that begins goes to its slot's new backend and is remembered with it; any other goes where it is
/// remembered, else to the slot's former backend, else on (docs/design/handover.md).
///
/// `fresh` holds the backend of each flow that began during a transition, so that transitions may follow each other.
struct HandoverChain {
    let former: Selection
    let selection: Selection
    /// While no backend takes new connections: what those get. Flows that are under way go on.
    let noBackend: NoBackendAction?

    /// Seconds that a flow stays in `fresh`; longer than any transition.
    static let freshSeconds: UInt32 = 3600
    /// Flows that `fresh` can hold. When it is full, a flow stays with the former backend: it works, and the slot moves later.
    static let freshSize: UInt32 = 262_144

    static func freshMap(_ family: AddressFamily) -> String { "fresh\(family.rawValue)" }

    var name: String {
        let kind = selection.path == .stateless ? "handover-stateless" : "handover"
        return chainName(
            kind + former.description + (former == selection ? "" : "-to-" + selection.description)
                + (noBackend.map { "-or-\($0.rawValue)" } ?? ""))
    }

    func chain(next: String) -> Chain {
        let deliver = Statement.verdict(.goto(selection.delivery))
        let opening: [Statement] = [
            begins, .setMAC(.destination, selection.key, map: selection.slotMapName),
            // The kernel renews a key that is there, but keeps its value: a port that is used again would go where it went before.
            .forget(flow, map: fresh.name, value: .mac(.destination)),
            .remember(flow, map: fresh.name, value: .mac(.destination), seconds: nil),
        ]
        return Chain(
            name,
            rules: [
                noBackend.map(turnedAway) ?? Rule(opening + [deliver]),
                Rule(.transport(.tcp), .setMAC(.destination, flow, map: fresh.name), deliver),
                Rule(.setMAC(.destination, former.key, map: formerMap.name), .counter, deliver),
            ] + onward(next))
    }

    /// Nobody takes new connections: they must not be taken for flows of the former backends.
    private func turnedAway(_ action: NoBackendAction) -> Rule {
        Rule(begins, .verdict(NoBackend.chainName(action).map { .goto($0) } ?? .accept))
    }

    private var begins: Statement { .tcpFlags(.syn, among: [.fin, .syn, .rst, .ack]) }

    private func onward(_ next: String) -> [Rule] {
        let target = noBackend.map { NoBackend.chainName($0) } ?? next
        return target.map { [Rule(.verdict(.goto($0)))] } ?? []
    }

    var sets: [ElementSet] { [fresh, formerMap] }

    private var fresh: ElementSet {
        ElementSet(
            name: Self.freshMap(selection.family),
            type: SetType(
                key: flow.parts.map(\.field), value: .fields([.mac]), dynamic: .init(size: Self.freshSize, timeout: Self.freshSeconds)))
    }

    /// The moving slots, with the backends that they had.
    var formerMap: ElementSet { ElementSet(name: former.formerMapName, type: former.slotMapType) }

    /// Addresses and ports of both ends. nft cannot write to maps with keys over 16 octets, so IPv6 stands as hashes of it: 64 bits
    /// of the source and 32 of the destination, which two flows share by chance about never.
    var flow: Key {
        let ends: [KeyPart] = [
            .address(.source, selection.family), .port(.source), .address(.destination, selection.family), .port(.destination),
        ]
        guard selection.family == .ipv6 else { return Key(ends) }
        func word(_ parts: [KeyPart], seed: UInt32) -> KeyPart { .slot(.hash(parts, modulus: .max, seed: seed)) }
        let (source, destination) = (Array(ends[..<2]), Array(ends[2...]))
        return Key(
            word(source, seed: Selection.seed), word(source, seed: ~Selection.seed), word(destination, seed: Selection.seed))
    }
}

extension Selection {
    var formerMapName: String { "former-" + slotMapName }
}
