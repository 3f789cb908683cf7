import NetTypes
import Ruleset

/// snat of listeners that take all of an address. Asked behind those with ports.
enum WholeSourceTranslation {
    static func masqueradeSet(_ family: AddressFamily) -> String { "masquerade-all\(family.rawValue)" }
    static func masqueradeType(_ family: AddressFamily) -> SetType { SetType(key: [.address(family)]) }
    static func addressMap(_ family: AddressFamily) -> String { "source-all\(family.rawValue)" }
    /// The key ends with the backend, as backends may have addresses of their own.
    static func addressType(_ family: AddressFamily) -> SetType {
        SetType(key: [.address(family), .address(family)], value: .fields([.address(family)]))
    }

    /// Where there are ports, they stay below those of probes.
    static func rules(_ sets: [String: ElementSet], ports: PortRange) -> [Rule] {
        AddressFamily.allCases.flatMap { family -> [Rule] in
            let original = KeyPart.originalDestination(family)
            let addressed = sets[addressMap(family)].map { set in
                forms(ports).map { transport, ports in
                    Rule(transport + [.sourceNAT(family, Key(original, .address(.destination, family)), map: set.name, ports: ports)])
                }
            }
            let masqueraded = sets[masqueradeSet(family)].map { set in
                forms(ports).map { transport, ports in Rule(transport + [.inSet(Key(original), set: set.name), .masquerade(ports: ports)]) }
            }
            return (addressed ?? []) + (masqueraded ?? [])
        }
    }

    private static func forms(_ ports: PortRange) -> [([Statement], PortRange?)] {
        [([.transport(.tcp)], ports), ([.transport(.udp)], ports), ([], nil)]
    }
}
