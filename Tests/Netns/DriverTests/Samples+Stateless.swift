import NetTypes
import Ruleset

/// Addresses and ports rewritten without conntrack, the MAC as the place for a number, and flows that are handed over.
extension Samples {
    static var stateless: Ruleset { Ruleset(tables: [replyTable, requestTable]) }

    private static let families: [AddressFamily] = [.ipv4, .ipv6]
    private static let number = Key(.mac(.destination))
    private static func name(_ role: String, _ family: AddressFamily) -> String { role + (family == .ipv4 ? "4" : "6") }
    private static func any(_ family: AddressFamily) -> [UInt8] { [UInt8](repeating: 7, count: family.addressLength) }
    private static func opening(_ rest: Statement...) -> Rule { Rule([.tcpFlags(.syn, among: [.fin, .syn, .rst, .ack])] + rest) }

    private static var requestTable: Table {
        let perFamily = families.flatMap { family in
            [
                set(name("addresses", family), SetType(key: [.mac], value: .fields([.address(family)])), mac(1) + any(family)),
                set(name("on-link", family), SetType(key: [.address(family)], value: .fields([.device])), any(family) + slot(1)),
                set(name("slots", family), slotType(family, [.mac]), registers(any(family), [6], port(80), slot(1)) + mac(1)),
                ElementSet(
                    name: name("fresh", family),
                    type: SetType(key: flow(family).parts.map(\.field), value: .fields([.mac]), dynamic: .init(size: 1000, timeout: 3600))),
            ]
        }
        let entry = entry(
            BaseChain(.filter, .ingress(device: "lo"), priority: 0), families.flatMap { [name("rewrite", $0), name("handover", $0)] })
        let common = [
            set("ports", SetType(key: [.mac], value: .fields([.port])), mac(1) + port(8080)),
            set("outputs", SetType(key: [.mac], value: .fields([.device])), mac(1) + slot(1)),
        ]
        return Table(family: .netdev, sets: perFamily + common, chains: families.map(rewrite) + families.map(handover) + [entry])
    }

    private static func rewrite(_ family: AddressFamily) -> Chain {
        let device = Key(.address(.destination, family))
        return Chain(
            name("rewrite", family),
            rules: [
                Rule(.setAddress(.destination, family, number, map: name("addresses", family))),
                Rule(.setAddress(.source, family, number, map: name("addresses", family))),
                Rule(.setPort(.destination, .tcp, number, map: "ports"), .setPort(.source, .tcp, number, map: "ports")),
                Rule(.setPort(.destination, .udp, number, map: "ports")), Rule(.setPort(.source, .udp, number, map: "ports")),
                Rule(.setUncheckedPort(.destination, number, map: "ports")), Rule(.setUncheckedPort(.source, number, map: "ports")),
                Rule(.transport(.udp), .setAddress(.destination, family, number, map: name("addresses", family))),
                Rule(.setMAC(.destination, slotKey(family, .symmetricHash(modulus: modulus)), map: name("slots", family))),
                Rule(.forwardToNeighbour(family, device, map: name("on-link", family))),
                Rule(.forwardToNeighbour(family, number, map: "outputs")),
            ])
    }

    private static func flow(_ family: AddressFamily) -> Key {
        guard family == .ipv4 else { return hashedFlow(3) }
        return Key(.address(.source, family), .port(.source), .address(.destination, family), .port(.destination))
    }

    private static func handover(_ family: AddressFamily) -> Chain {
        let slots = slotKey(family, hash(.address(.source, family), .port(.source)))
        let (fresh, next) = (name("fresh", family), Statement.verdict(.goto(name("rewrite", family))))
        return Chain(
            name("handover", family),
            rules: [
                opening(
                    .setMAC(.destination, slots, map: name("slots", family)),
                    .remember(flow(family), map: fresh, value: .mac(.destination), seconds: nil), next),
                Rule(.transport(.tcp), .setMAC(.destination, flow(family), map: fresh), next),
                opening(.setPort(.destination, .tcp, number, map: "ports")),
            ])
    }

    /// Behind routing, in the table of the other family.
    private static var replyTable: Table {
        let sets = families.flatMap { family in
            [
                set(
                    name("replies", family), SetType(key: [.address(family), .transport, .port], value: .fields([.mac])),
                    registers(any(family), [6], port(80)) + mac(1)),
                set(name("addresses", family), SetType(key: [.mac], value: .fields([.address(family)])), mac(1) + any(family)),
            ]
        }
        let ports = set("ports", SetType(key: [.mac], value: .fields([.port])), mac(1) + port(8080))
        let rules = families.flatMap { family -> [Rule] in
            let source = Key(.address(.source, family), .transport, .port(.source))
            return [
                Rule(.connectionState(.untracked), .setMAC(.source, source, map: name("replies", family)), .verdict(.goto("reply"))),
                Rule(
                    .setMAC(.source, source, map: name("replies", family)), .setPort(.source, .udp, Key(.mac(.source)), map: "ports"),
                    .setAddress(.source, family, Key(.mac(.source)), map: name("addresses", family))),
            ]
        }
        let reply = Chain(
            "reply",
            rules: [
                Rule(
                    .setPort(.source, .tcp, Key(.mac(.source)), map: "ports"),
                    .setAddress(.source, .ipv4, Key(.mac(.source)), map: "addresses4")),
                Rule(.setUncheckedPort(.source, Key(.mac(.source)), map: "ports")),
            ])
        return Table(
            family: .inet, sets: sets + [ports],
            chains: [reply, Chain("replies", base: BaseChain(.filter, .postrouting, priority: 0), rules: rules)])
    }
}
