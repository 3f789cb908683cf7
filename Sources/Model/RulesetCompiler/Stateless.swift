import NetTypes
import Ruleset

/// Stateless NAT: addresses and ports are rewritten packet by packet (docs/packet-path.md).
///
/// The frame's destination MAC, which is not needed any more, carries the backend's number from the selection to the rewriting;
/// on the way back the source MAC carries the listener's. Packet marks are left to others.
enum Stateless {
    static func rewriteChain(_ family: AddressFamily, _ traffic: Selection.Traffic) -> String {
        traffic == .common ? "rewrite\(family.rawValue)" : "rewrite-\(traffic.rawValue)\(family.rawValue)"
    }
    static func addressMap(_ family: AddressFamily) -> String { "backend-addresses\(family.rawValue)" }
    static func portMap(_ family: AddressFamily) -> String { "backend-ports\(family.rawValue)" }
    static func deviceMap(_ family: AddressFamily) -> String { "on-link\(family.rawValue)" }

    static func addressType(_ family: AddressFamily) -> SetType { SetType(key: [.mac], value: .fields([.address(family)])) }
    static let portType = SetType(key: [.mac], value: .fields([.port]))
    static func deviceType(_ family: AddressFamily) -> SetType { SetType(key: [.address(family)], value: .fields([.device])) }

    /// On-link backends are sent to at once, past the IP stack; the others are routed.
    static func rewrite(_ family: AddressFamily, _ traffic: Selection.Traffic) -> Chain {
        let number = Key(.mac(.destination))
        return Chain(
            rewriteChain(family, traffic),
            rules: [Rule(.setAddress(.destination, family, number, map: addressMap(family)))]
                + ports(.destination, traffic, portMap(family))
                + [
                    Rule(.forwardToNeighbour(family, Key(.address(.destination, family)), map: deviceMap(family))),
                    Rule(.verdict(.accept)),
                ])
    }

    private static func ports(_ side: Side, _ traffic: Selection.Traffic, _ map: String) -> [Rule] {
        let number = Key(.mac(side))
        let checked = traffic.transports.map { Rule(.setPort(side, $0, number, map: map)) }
        return checked + (traffic == .common ? [Rule(.setUncheckedPort(side, number, map: map))] : [])
    }

    static func errorChain(_ family: AddressFamily) -> String { "rewrite-errors\(family.rawValue)" }

    /// An error report about what a backend has sent: the packet that it quotes becomes the one that the backend knows.
    static func rewriteErrors(_ family: AddressFamily) -> Chain {
        let number = Key(.mac(.destination))
        return Chain(
            errorChain(family),
            rules: [
                Rule(.setAddress(.destination, family, number, map: addressMap(family))),
                Rule(.setQuotedSource(family, number, map: addressMap(family))),
                Rule(.setQuotedPort(family, number, map: portMap(family))),
                Rule(.forwardToNeighbour(family, Key(.address(.destination, family)), map: deviceMap(family))),
                Rule(.verdict(.accept)),
            ])
    }

    static func requestSets(_ family: AddressFamily) -> [ElementSet] {
        [
            ElementSet(name: addressMap(family), type: addressType(family)), ElementSet(name: portMap(family), type: portType),
            ElementSet(name: deviceMap(family), type: deviceType(family)),
        ]
    }
}

/// The way back: routed by the IP stack, rewritten behind it. At ingress a listener's address that the host holds itself would make the
/// reply a martian.
extension Stateless {
    static func backendSet(_ variant: Variant) -> String { "stateless-backends\(variant.suffix)" }
    static func replyMap(_ variant: Variant) -> String { "replies\(variant.suffix)" }
    static func replyChain(_ family: AddressFamily) -> String { "reply\(family.rawValue)" }
    static func listenerAddressMap(_ family: AddressFamily) -> String { "listener-addresses\(family.rawValue)" }
    static func listenerPortMap(_ family: AddressFamily) -> String { "listener-ports\(family.rawValue)" }

    static func backendType(_ variant: Variant) -> SetType {
        SetType(key: [.address(variant.family), .transport, .port], isInterval: variant.isRange)
    }
    static func replyType(_ variant: Variant) -> SetType {
        SetType(key: [.address(variant.family), .transport, .port], value: .fields([.mac]), isInterval: variant.isRange)
    }

    /// Neither direction is tracked: requests that are routed, and replies.
    static func untracked(_ variant: Variant) -> [Rule] {
        [Side.destination, .source].map { side in
            Rule(.inSet(Key(.address(side, variant.family), .transport, .port(side)), set: backendSet(variant)), .notrack)
        }
    }

    static func replies(_ variant: Variant) -> Rule {
        let source = Key(.address(.source, variant.family), .transport, .port(.source))
        return Rule(
            .connectionState(.untracked), .setMAC(.source, source, map: replyMap(variant)),
            .verdict(.goto(replyChain(variant.family))))
    }

    /// `traffic`: all that comes back in the family.
    static func reply(_ family: AddressFamily, _ traffic: [Selection.Traffic]) -> Chain {
        let address = Rule(.setAddress(.source, family, Key(.mac(.source)), map: listenerAddressMap(family)))
        return Chain(replyChain(family), rules: [address] + traffic.flatMap { ports(.source, $0, listenerPortMap(family)) })
    }

    static func replySets(_ variant: Variant) -> [ElementSet] {
        [
            ElementSet(name: backendSet(variant), type: backendType(variant)),
            ElementSet(name: replyMap(variant), type: replyType(variant)),
            ElementSet(name: listenerAddressMap(variant.family), type: addressType(variant.family)),
            ElementSet(name: listenerPortMap(variant.family), type: portType),
        ]
    }
}

/// An endpoint as 48 bits. IPv4 fits exactly; IPv6 is hashed, and of 10 000 backends two agree with a chance of 2 in 10 million.
enum BackendNumber {
    /// `port` 0: the port is kept.
    static func octets(_ address: IPAddress, port: UInt16) -> [UInt8] {
        let ports = [UInt8(port >> 8), UInt8(truncatingIfNeeded: port)]
        guard address.family == .ipv6 else { return address.octets + ports }
        let hash = (address.octets + ports).reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
        return (0..<6).map { UInt8(truncatingIfNeeded: mixed(hash) >> UInt64(8 * $0)) }
    }
}
