import FarmModel
import NetTypes
import Ruleset

/// A proxy for SYNs, before dnat and snat.
///
/// A SYN to such a listener is not tracked, so that translation is not asked, and answered with a cookie where it would be delivered or
/// forwarded. The ACK that brings the cookie back is not translated either (dispatch accepts it as it is) and comes to the same place; the
/// kernel then sends a SYN of its own to the listener, in the client's name. That one is tracked and dispatched at the hook of what the
/// host sends, like connections to mode local. From then on all is translated as ever, sequence numbers included.
enum SynProxy {
    static func listenerSet(_ variant: Variant) -> String { "syn-proxied\(variant.suffix)" }
    static func listenerType(_ variant: Variant) -> SetType {
        SetType(key: listener(variant.family).parts.map(\.field), isInterval: variant.isRange)
    }
    private static func listener(_ family: AddressFamily) -> Key { Key(.address(.destination, family), .transport, .port(.destination)) }

    private static func chainName(_ family: AddressFamily) -> String { "syn-proxy\(family.rawValue)" }

    /// The options of a Linux server on Ethernet. A window scale below the server's own only makes its windows look smaller.
    private static let options = SynProxyOptions(segmentSize: 1460, windowScale: 7)

    private static let handshake: TCPFlags = [.fin, .syn, .rst, .ack]

    /// Before conntrack.
    static func untracked(_ variant: Variant) -> Rule {
        Rule(.tcpFlags(.syn, among: handshake), .inSet(listener(variant.family), set: listenerSet(variant)), .notrack)
    }

    /// What belongs to no connection. Nothing else of it is let through to the host or to whoever has the listener's address.
    static func chain(_ family: AddressFamily) -> Chain {
        let proxied = [TCPFlags.syn, .ack].map { Rule(.tcpFlags($0, among: handshake), .synProxy(options)) }
        return Chain(chainName(family), rules: proxied + [Rule(.counter, .verdict(.drop))])
    }

    /// Where packets are delivered, and where they are forwarded: packets of known connections pay for one rule.
    static func rules(_ variants: [Variant]) -> [Rule] {
        [Rule(.connectionState(.established), .verdict(.accept))]
            + variants.map {
                Rule(.inSet(listener($0.family), set: listenerSet($0)), .verdict(.goto(chainName($0.family))))
            }
    }
}

extension Farm {
    /// Whether the host answers SYNs to this listener itself. Not over IPv6: the kernel (seen in 6.18) verifies the checksums of such SYNs
    /// as if they were IPv4, and drops them unless the network card has verified them before.
    func isProxied(_ listener: Listener) -> Bool {
        let isTranslated =
            switch mode {
            case .dnat, .snat: true
            case .dsr, .stateless, .local: false
            }
        return limits.synProxy && isTranslated && listener.transport == .tcp && listener.address.family == .ipv4
    }
}
