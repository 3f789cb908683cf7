import NetTypes
import Ruleset

/// Sets that packets change, limits, helpers, marks and log lines.
extension Samples {
    static var limiting: Ruleset { Ruleset(tables: [limitingTable]) }

    private static var limitingTable: Table {
        Table(
            family: .inet,
            helpers: [
                HelperObject(name: "ftp-tcp", type: "ftp", transport: .tcp), HelperObject(name: "tftp-udp", type: "tftp", transport: .udp),
                HelperObject(name: "irc-tcp", type: "irc", transport: .tcp),
            ],
            sets: limitSets + sessionMaps,
            chains: [
                Chain("flag-checks", rules: flagRules), Chain("rates", rules: rateRules), Chain("sessions", rules: sessionRules),
                Chain("slots", rules: slotRules), Chain("actions", rules: actionRules),
                entry(BaseChain(.filter, .prerouting, priority: -150), ["flag-checks", "rates", "sessions", "slots", "actions"]),
            ])
    }

    /// A base chain, so that the kernel looks at what is legal at its hook.
    static func entry(_ base: BaseChain, _ chains: [String]) -> Chain {
        Chain("entry", base: base, rules: chains.map { Rule(.verdict(.jump($0))) })
    }

    private static func dynamic(_ name: String, _ key: Key, value: [Field]? = nil, timeout: UInt32? = nil) -> ElementSet {
        let value = value.map { SetType.Value.fields($0) } ?? .none
        return ElementSet(
            name: name, type: SetType(key: key.parts.map(\.field), value: value, dynamic: .init(size: 1000, timeout: timeout)))
    }

    private static func client(_ family: AddressFamily) -> Key { Key(.address(.source, family)) }
    private static func flow(_ family: AddressFamily) -> Key {
        Key(.address(.source, family), .port(.source), .address(.destination, family), .port(.destination))
    }
    private static let listener4 = Key(.address(.source, .ipv4), .address(.destination, .ipv4), .transport, .port(.destination))

    private static var limitSets: [ElementSet] {
        [
            dynamic("rates4", listener4, timeout: 60), dynamic("rates6", client(.ipv6), timeout: 3661),
            dynamic("connections4", listener4), dynamic("connections6", flow(.ipv6)),
            dynamic("noted4", flow(.ipv4), timeout: 86400), dynamic("noted6", flow(.ipv6), timeout: 300),
            dynamic("hashed6", hashedFlow(1), timeout: 300),
        ]
    }

    private static var sessionMaps: [ElementSet] {
        [
            dynamic("sessions4", listener4, value: [.mac], timeout: 600), dynamic("sessions6", hashedFlow(3), value: [.mac]),
            dynamic("clients6", client(.ipv6), value: [.address(.ipv6)]),
            dynamic("slots-of-clients4", client(.ipv4), value: [.slot(modulus: modulus)], timeout: 600),
            set("listeners4", SetType(key: [.address(.ipv4)], value: .fields([.slot(modulus: modulus)])), [192, 0, 2, 1] + slot(5)),
        ]
    }

    /// IPv6 flows as words, as nft cannot write to maps with keys over 16 octets.
    static func hashedFlow(_ words: Int) -> Key {
        let source: [KeyPart] = [.address(.source, .ipv6), .port(.source)]
        let destination: [KeyPart] = [.address(.destination, .ipv6), .port(.destination)]
        let inputs = [source, source, destination]
        return Key((0..<words).map { .slot(.hash(inputs[$0], modulus: .max, seed: UInt32($0 + 1))) })
    }

    private static var flagRules: [Rule] {
        let among: TCPFlags = [.fin, .syn, .rst, .ack]
        return [
            Rule(.tcpFlags(.syn, among: among), .counter),
            Rule(.tcpFlags([.fin, .syn], among: [.fin, .syn]), .verdict(.drop)),
            Rule(.tcpFlags([], among: [.fin, .syn, .rst, .psh, .ack, .urg]), .verdict(.drop)),
            Rule(.transport(.tcp), .tcpFlags(.rst, among: .rst), .verdict(.drop)),
            Rule(.tcpFlags(.syn, among: among), .reject(.tcpReset)),
            Rule(.connectionState(.new), .reject(.tcpReset)),
        ] + ConnectionState.allCases.map { Rule(.connectionState($0), .verdict(.accept)) }
    }

    private static var rateRules: [Rule] {
        let rates = RateLimit.Unit.allCases.map { RateLimit(count: 20, per: $0, burst: 40) }
        let single = RateLimit(count: 1, per: .minute, burst: 1)
        return rates.flatMap { [Rule(.rate($0, isOver: false), .verdict(.accept)), Rule(.rate($0, isOver: true), .verdict(.drop))] } + [
            Rule(.rate(single, isOver: false)),
            Rule(.rateOver(rates[0], listener4, set: "rates4"), .verdict(.drop)),
            Rule(.tcpFlags(.rst, among: .rst), .rateOver(single, client(.ipv6), set: "rates6"), .counter, .verdict(.drop)),
            Rule(.connectionsOver(10, listener4, set: "connections4"), .verdict(.drop)),
            Rule(.connectionsOver(200, flow(.ipv6), set: "connections6"), .reject(.tcpReset)),
        ]
    }

    private static var sessionRules: [Rule] {
        [
            Rule(.note(flow(.ipv4), set: "noted4")), Rule(.note(flow(.ipv6), set: "noted6"), .counter),
            Rule(.note(hashedFlow(1), set: "hashed6")),
            Rule(
                .setMAC(.destination, listener4, map: "sessions4"),
                .remember(listener4, map: "sessions4", value: .mac(.destination), seconds: 90)),
            Rule(.remember(listener4, map: "sessions4", value: .mac(.destination), seconds: nil)),
            Rule(.forget(listener4, map: "sessions4", value: .mac(.destination)), .counter),
            Rule(.transport(.tcp), .setMAC(.destination, hashedFlow(3), map: "sessions6")),
            Rule(.remember(hashedFlow(3), map: "sessions6", value: .mac(.destination), seconds: 7200), .verdict(.accept)),
            Rule(.remember(client(.ipv6), map: "clients6", value: .address(.destination, .ipv6), seconds: 30)),
            Rule(
                .remember(
                    client(.ipv4), map: "slots-of-clients4", value: .slot(hash(.address(.source, .ipv4), .port(.source))), seconds: nil)),
            Rule(.remember(client(.ipv4), map: "slots-of-clients4", value: .slot(.random(modulus: modulus)), seconds: nil)),
        ]
    }

    private static var slotRules: [Rule] {
        let symmetric = SlotSelector.symmetricHash(modulus: modulus)
        return [
            Rule(.remember(client(.ipv4), map: "slots-of-clients4", value: .slot(symmetric), seconds: nil)),
            Rule(.note(Key(.slot(symmetric)), set: "hashed6")),
        ]
    }

    private static var actionRules: [Rule] {
        [
            Rule(.transport(.tcp), .assignHelper("ftp-tcp")), Rule(.transport(.udp), .assignHelper("tftp-udp")),
            Rule(.transport(.tcp), .assignHelper("irc-tcp")),
            Rule(.setMark(0x100), .verdict(.accept)), Rule(.setMark(.max)),
            Rule(.rate(RateLimit(count: 1, per: .hour, burst: 5), isOver: false), .log(prefix: "web: new "), .counter),
        ]
    }
}
