import NetTypes
import Ruleset

/// The base chains, as data: where each part of the ruleset is called, and why there. docs/packet-path.md tells the whole story.
enum Hooks {
    struct Entry {
        let name: String
        let base: BaseChain
        let reason: String
    }

    static let untrackedOut = Entry(
        name: "untracked-out", base: BaseChain(.filter, .output, priority: -300),
        reason: "raw: before conntrack sees our probes")
    static let untrackedIn = Entry(
        name: "untracked-in", base: BaseChain(.filter, .prerouting, priority: -300),
        reason: "raw: before conntrack calls the untracked probes' replies invalid")
    static let conduct = Entry(
        name: "conduct", base: BaseChain(.filter, .prerouting, priority: -150),
        reason: "mangle: conntrack has said what it knows, and both ends still have the addresses that came in")
    static let packetMarks = Entry(
        name: "packet-marks", base: BaseChain(.filter, .prerouting, priority: -95),
        reason: "behind dstnat, where the backend is known, and before routing, which may go by marks")
    static let backendLimits = Entry(
        name: "backend-limits", base: BaseChain(.filter, .prerouting, priority: -90),
        reason: "behind dstnat: only then is it known whose connection it is")
    static let ownBackendLimits = Entry(
        name: "own-backend-limits", base: BaseChain(.filter, .output, priority: -90),
        reason: "likewise, of connections that the host itself makes to farms of mode local")
    static let synProxyIn = Entry(
        name: "syn-proxy-in", base: BaseChain(.filter, .input, priority: -10),
        reason: "the kernel proxies SYNs here and at forward only; before firewalls that would drop what is not tracked")
    static let synProxyForward = Entry(
        name: "syn-proxy-forward", base: BaseChain(.filter, .forward, priority: -10),
        reason: "likewise, where the host does not hold the listener's address")
    static let countedPackets = Entry(
        name: "count-packets", base: BaseChain(.filter, .prerouting, priority: -85),
        reason: "behind dstnat and the limits of backends, where the backend is known and the packet is let through")
    static let countedOwnReplies = Entry(
        name: "count-own-replies", base: BaseChain(.filter, .output, priority: -85),
        reason: "what the host's own services answer; packets that the host sends itself are met when they come in again")
    static let countedConnections = Entry(
        name: "count-connections", base: BaseChain(.nat, .postrouting, priority: 99),
        reason: "srcnat: asked once a connection, when it is known which backend it has got and that it is let through")
    static let countedLocalConnections = Entry(
        name: "count-local-connections", base: BaseChain(.nat, .input, priority: 99),
        reason: "likewise, of connections that end at the host itself")
    static let dispatch = Entry(
        name: "prerouting", base: BaseChain(.nat, .prerouting, priority: -100),
        reason: "dstnat: conntrack translates both ways from here, and only the first packet of a connection asks")
    static let ownDispatch = Entry(
        name: "output", base: BaseChain(.nat, .output, priority: -100),
        reason: "dstnat: connections that the host itself makes to farms of mode local, and probes through farms of dnat and snat")
    static let statelessReplies = Entry(
        name: "stateless-replies", base: BaseChain(.filter, .postrouting, priority: 90),
        reason: "after routing: a listener's address that the host holds itself would make the reply a martian before it")
    static let sourceTranslation = Entry(
        name: "postrouting", base: BaseChain(.nat, .postrouting, priority: 100),
        reason: "srcnat: after routing, when the way out, and with it the address to masquerade as, is known")

    static func egress(_ device: NetworkDevice) -> Entry {
        Entry(
            name: "egress-\(device.name)", base: BaseChain(.filter, .egress(device: device.name), priority: 0),
            reason: "behind the IP stack: a probe has the backend's MAC already, so that the address in it may become the listener's")
    }

    static func ingress(_ device: NetworkDevice) -> Entry {
        Entry(
            name: "ingress-\(device.name)", base: BaseChain(.filter, .ingress(device: device.name), priority: 0),
            reason: "before the IP stack and conntrack: dsr and stateless need neither routing nor state")
    }
}
