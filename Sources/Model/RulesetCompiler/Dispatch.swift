import FarmModel
import NetTypes
import Ruleset

/// From a packet's destination to the chain that selects: one lookup, however many farms there are.
enum Dispatch {
    /// Who asks: packets that come in, or connections that the host itself makes.
    enum Origin: String, Sendable, Hashable, CaseIterable { case network = "", host = "own-" }

    static func mapName(_ family: AddressFamily, isRange: Bool, from origin: Origin = .network) -> String {
        origin.rawValue + (isRange ? "listener-ranges" : "listeners") + "\(family.rawValue)"
    }

    static func mapType(_ family: AddressFamily, isRange: Bool) -> SetType {
        SetType(key: [.address(family), .transport, .port], value: .verdict, isInterval: isRange)
    }

    static func key(_ family: AddressFamily) -> Key { Key(.address(.destination, family), .transport, .port(.destination)) }

    /// Listeners that take all of an address; asked last.
    static func wholeMap(_ family: AddressFamily) -> String { "whole-listeners\(family.rawValue)" }
    static func wholeType(_ family: AddressFamily) -> SetType { SetType(key: [.address(family)], value: .verdict) }

    /// At ingress neighbours have to find each other still; conntrack calls what they say for that untracked, so that nat is not asked.
    static func wholeRules(_ family: AddressFamily, _ table: TableFamily) -> [Rule] {
        let ask = Statement.verdictMap(Key(.address(.destination, family)), map: wholeMap(family))
        guard table == .netdev else { return [Rule(ask)] }
        let discovery = family == .ipv6 ? [Rule(.neighbourDiscovery, .verdict(.accept))] : []
        return discovery + [Rule(.frame(family), ask)]
    }

    static func rule(_ variant: Variant, from origin: Origin = .network) -> Rule {
        Rule(.verdictMap(key(variant.family), map: mapName(variant.family, isRange: variant.isRange, from: origin)))
    }

    /// At a device. A frame that still has a VLAN's tag belongs to the VLAN's own device, and comes by again there without it.
    static func ingressRule(_ variant: Variant) -> Rule { Rule([.frame(variant.family)] + rule(variant).statements) }

    /// What a switch floods, a bridge sees or a promiscuous device hears, and is somebody else's.
    static let notForUs = Rule(.frameForOthers, .verdict(.accept))
}

/// Where a listener's packets go while no backend is usable; `pass` has no chain, its listener just leaves the dispatch.
enum NoBackend {
    static func chainName(_ action: NoBackendAction) -> String? {
        switch action {
        case .reject: "no-backend-reject"
        case .drop: "no-backend-drop"
        case .pass: nil
        }
    }

    static let chains = [
        Chain(
            "no-backend-reject",
            rules: [
                Rule(.counter, .transport(.tcp), .reject(.tcpReset)),
                Rule(.reject(.administrativelyProhibited)),
            ]),
        Chain("no-backend-drop", rules: [Rule(.counter, .verdict(.drop))]),
    ]
}

/// snat: which translated connections also get another source. Asked once a connection.
enum SourceTranslation {
    static let chainName = "translate-source"

    static func masqueradeSet(_ family: AddressFamily, isRange: Bool) -> String {
        (isRange ? "masquerade-ranges" : "masquerade") + "\(family.rawValue)"
    }
    static func addressMap(_ family: AddressFamily, isRange: Bool) -> String {
        (isRange ? "source-ranges" : "source") + "\(family.rawValue)"
    }
    static func masqueradeType(_ family: AddressFamily, isRange: Bool) -> SetType {
        SetType(key: [.address(family), .transport, .port], isInterval: isRange)
    }
    /// The key ends with the backend, so that backends may have addresses of their own, also those that share a host.
    static func addressType(_ family: AddressFamily, isRange: Bool) -> SetType {
        SetType(
            key: [.address(family), .transport, .port, .address(family), .port], value: .fields([.address(family)]), isInterval: isRange)
    }

    static func chain(masquerade: [Variant], address: [Variant], whole: [Rule], transports: [TransportProtocol], ports: PortRange) -> Chain
    {
        let masqueraded = masquerade.flatMap { variant in
            transports.map { transport in
                Rule(
                    .transport(transport),
                    .inSet(
                        Key(.originalDestination(variant.family), .transport, .originalDestinationPort),
                        set: masqueradeSet(variant.family, isRange: variant.isRange)),
                    .masquerade(ports: ports))
            }
        }
        let addressed = address.flatMap { variant in
            transports.map { transport in
                Rule(
                    .transport(transport),
                    .sourceNAT(
                        variant.family,
                        Key(
                            .originalDestination(variant.family), .transport, .originalDestinationPort,
                            .address(.destination, variant.family), .port(.destination)),
                        map: addressMap(variant.family, isRange: variant.isRange), ports: ports))
            }
        }
        // A backend's own address comes before masquerading, which holds for all the backends of a listener.
        return Chain(chainName, rules: addressed + masqueraded + whole)
    }
}

/// A family and whether keys are port ranges: what multiplies the maps that are not about slots.
struct Variant: Sendable, Hashable, Comparable {
    let family: AddressFamily
    let isRange: Bool

    /// What the names of its maps end in.
    var suffix: String { isRange ? "-ranges\(family.rawValue)" : "\(family.rawValue)" }

    static let all = AddressFamily.allCases.flatMap { family in [false, true].map { Variant(family: family, isRange: $0) } }
    static func < (left: Self, right: Self) -> Bool {
        left.family != right.family ? left.family < right.family : !left.isRange && right.isRange
    }
}

/// Our own probes: they leave from a port range that no translation uses, and conntrack does not see them.
///
/// Ports and not a packet mark tell them apart: marks belong to others too, and a reply carries none.
enum Probes {
    static func targetSet(_ family: AddressFamily) -> String { "probe-targets\(family.rawValue)" }
    static func targetType(_ family: AddressFamily) -> SetType { SetType(key: [.address(family), .transport, .port]) }

    static func outgoing(_ family: AddressFamily, ports: PortRange) -> Rule {
        Rule(
            .portWithin(.source, ports),
            .inSet(Key(.address(.destination, family), .transport, .port(.destination)), set: targetSet(family)), .notrack)
    }
    /// Replies to clients in the same port range pass through us too: only what is for this host is the probe's.
    static func incoming(_ family: AddressFamily, ports: PortRange) -> Rule {
        Rule(
            .portWithin(.destination, ports),
            .inSet(Key(.address(.source, family), .transport, .port(.source)), set: targetSet(family)), .destinationIsLocal, .notrack)
    }
}
