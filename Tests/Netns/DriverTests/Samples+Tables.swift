import NetTypes
import Ruleset

extension Samples {
    static var translatingTable: Table {
        Table(family: .inet, sets: services + slots + translations, chains: selections + hooks)
    }

    private static let (vip4, vip6) = (address("203.0.113.10"), address("2001:db8::10"))
    private static let tcp: [UInt8] = [6]

    private static var services: [ElementSet] {
        [
            set(
                "services4", serviceType(.ipv4),
                registers(vip4, tcp, port(80)) + chain("select4"), registers(vip4, tcp, port(81)) + chain("")),
            set("services6", serviceType(.ipv6), registers(vip6, tcp, port(80)) + chain("select6")),
            set(
                "ranges4", serviceType(.ipv4, isInterval: true),
                registers(vip4, tcp, port(8000)) + registers(vip4, tcp, port(8100)) + chain("select4-range"),
                registers(vip4, tcp, port(9000)) + registers(vip4, tcp, port(9000)) + chain("refuse")),
            set(
                "blocked4", SetType(key: [.address(.ipv4)], isInterval: true),
                address("10.0.0.0") + address("10.255.255.255"), address("11.0.0.0") + address("11.0.0.255"),
                address("255.0.0.0") + address("255.255.255.255")),
            set("targets4", SetType(key: [.address(.ipv4), .transport, .port]), registers(address("10.0.0.1"), tcp, port(80))),
            set("hosts6", SetType(key: [.address(.ipv6)]), vip6),
        ]
    }

    private static var slots: [ElementSet] {
        [
            set(
                "slots4-127", slotType(.ipv4, [.address(.ipv4), .port]),
                registers(vip4, tcp, port(80), slot(0)) + registers(address("10.0.0.1"), port(8080)),
                registers(vip4, tcp, port(80), slot(126)) + registers(address("10.0.0.2"), port(8080))),
            set(
                "slots6-127", slotType(.ipv6, [.address(.ipv6), .port]),
                registers(vip6, tcp, port(80), slot(3)) + registers(address("fd00::1"), port(8080))),
            set(
                "kept-slots4-127", slotType(.ipv4, [.address(.ipv4)], isInterval: true),
                registers(vip4, tcp, port(8000), slot(5)) + registers(vip4, tcp, port(8100), slot(5)) + address("10.0.0.1")),
        ]
    }

    private static var translations: [ElementSet] {
        [
            set("masquerade4", SetType(key: [.address(.ipv4), .transport, .port]), registers(vip4, tcp, port(80))),
            set(
                "source4", SetType(key: [.address(.ipv4), .transport, .port], value: .fields([.address(.ipv4)])),
                registers(vip4, tcp, port(81)) + address("203.0.113.1")),
        ]
    }

    private static var selections: [Chain] {
        [
            Chain(
                "select4",
                rules: [
                    Rule(
                        .transport(.tcp),
                        .destinationNAT(
                            .ipv4, slotKey(.ipv4, hash(.address(.source, .ipv4), .port(.source))), map: "slots4-127", hasPort: true)),
                    Rule(
                        .transport(.udp),
                        .destinationNAT(
                            .ipv4, slotKey(.ipv4, .random(modulus: modulus)), map: "slots4-127", hasPort: true)),
                    Rule(
                        .transport(.tcp),
                        .destinationNAT(
                            .ipv4, slotKey(.ipv4, hash(.mac(.source), .address(.source, .ipv4))), map: "slots4-127", hasPort: true)),
                    Rule(.transport(.tcp), .destinationNAT(.ipv4, slotKey(.ipv4, hash(.mac(.source))), map: "slots4-127", hasPort: true)),
                    Rule(.counter, .verdict(.drop)),
                ]),
            Chain(
                "select6",
                rules: [
                    Rule(
                        .transport(.tcp),
                        .destinationNAT(
                            .ipv6, slotKey(.ipv6, hash(.address(.source, .ipv6), .port(.source))), map: "slots6-127", hasPort: true)),
                    Rule(
                        .transport(.tcp),
                        .destinationNAT(
                            .ipv6, slotKey(.ipv6, .counter(modulus: modulus)), map: "slots6-127", hasPort: true)),
                    Rule(.counter, .verdict(.drop)),
                ]),
            Chain(
                "select4-range",
                rules: [
                    Rule(
                        .transport(.tcp),
                        .destinationNAT(
                            .ipv4, slotKey(.ipv4, hash(.address(.source, .ipv4))), map: "kept-slots4-127", hasPort: false))
                ]),
            Chain(
                "refuse",
                rules: [
                    Rule(.transport(.tcp), .reject(.tcpReset)), Rule(.reject(.administrativelyProhibited)),
                ]),
        ]
    }

    private static var hooks: [Chain] {
        let original = Key(.originalDestination(.ipv4), .transport, .originalDestinationPort)
        return [
            Chain(
                "source",
                rules: [
                    Rule(.transport(.tcp), .inSet(original, set: "masquerade4"), .masquerade(ports: ports(1024, 60999))),
                    Rule(.transport(.tcp), .sourceNAT(.ipv4, original, map: "source4", ports: ports(1024, 60999))),
                ]),
            Chain(
                "untracked-out", base: BaseChain(.filter, .output, priority: -300),
                rules: [
                    Rule(.portWithin(.source, ports(61000, 65535)), .inSet(service(.ipv4), set: "targets4"), .notrack),
                    Rule(.inSet(Key(.address(.source, .ipv4)), set: "blocked4"), .counter, .verdict(.drop)),
                ]),
            Chain(
                "untracked-in", base: BaseChain(.filter, .prerouting, priority: -300),
                rules: [
                    Rule(.destinationIsLocal, .portWithin(.destination, ports(61000, 65535)), .notrack),
                    Rule(.portWithin(.destination, ports(22, 22)), .verdict(.accept)),
                    Rule(.inSet(Key(.address(.destination, .ipv6)), set: "hosts6"), .verdict(.accept)),
                ]),
            Chain(
                "prerouting", base: BaseChain(.nat, .prerouting, priority: -100),
                rules: [
                    Rule(.verdictMap(service(.ipv4), map: "services4")), Rule(.verdictMap(service(.ipv6), map: "services6")),
                    Rule(.verdictMap(service(.ipv4), map: "ranges4")),
                ]),
            Chain(
                "postrouting", base: BaseChain(.nat, .postrouting, priority: 100),
                rules: [
                    Rule(.destinationTranslated, .verdict(.jump("source")))
                ]),
        ]
    }
}

extension Samples {
    static var directTable: Table {
        let services = set("services4", serviceType(.ipv4), registers(vip4, tcp, port(80)) + chain("select4"))
        let slots = set("slots4-127", slotType(.ipv4, [.mac]), registers(vip4, tcp, port(80), slot(1)) + mac(1))
        let slots6 = set(
            "slots6-127", slotType(.ipv6, [.mac], isInterval: true),
            registers(vip6, tcp, port(80), slot(1)) + registers(vip6, tcp, port(90), slot(1)) + mac(1))
        let sources = set("sources", SetType(key: [.mac], value: .fields([.mac])), mac(1) + mac(9))
        let outputs = set("outputs", SetType(key: [.mac], value: .fields([.device])), mac(1) + slot(1))
        return Table(family: .netdev, sets: [services, slots, slots6, sources, outputs], chains: directChains)
    }

    private static var directChains: [Chain] {
        let destination = Key(.mac(.destination))
        return [
            Chain("forward", rules: [Rule(.setMAC(.source, destination, map: "sources"), .forward(destination, map: "outputs"))]),
            Chain(
                "select4",
                rules: [
                    Rule(
                        .setMAC(.destination, slotKey(.ipv4, hash(.address(.source, .ipv4), .port(.source))), map: "slots4-127"),
                        .verdict(.goto("forward"))),
                    Rule(.setMAC(.destination, slotKey(.ipv4, .random(modulus: modulus)), map: "slots4-127"), .verdict(.goto("forward"))),
                    Rule(
                        .setMAC(.destination, slotKey(.ipv6, hash(.address(.source, .ipv6))), map: "slots6-127"), .verdict(.goto("forward"))
                    ),
                    Rule(.counter, .verdict(.drop)),
                ]),
            Chain(
                "ingress-lo", base: BaseChain(.filter, .ingress(device: "lo"), priority: 0),
                rules: [
                    Rule(.verdictMap(service(.ipv4), map: "services4"))
                ]),
        ]
    }
}
