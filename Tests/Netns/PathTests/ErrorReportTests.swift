import Ruleset
import TestNamespaces
import Testing

/// A router between the balancer and a client has a link with a smaller MTU: what it says of packets that are too big reaches the backend.
///
///     far ──(1300)── router, the network's client ── balancer ── server
@Suite(.serialized) struct ErrorReportTests {
    private static let size = 60_000

    @Test(arguments: ["dsr", "stateless"], [4, 6])
    func pathMTUIsFound(mode: String, family: Int) throws {
        let network = try Network()
        let far = try Self.far(behind: network)
        try network.serve(WebFarm(family: family, mode: mode).text)
        #expect(try Self.download(network, far, mode, family) == Self.size)
    }

    /// What would be without the rules: the connection is made, and nothing large comes through it.
    @Test(arguments: ["dsr", "stateless"])
    func withoutTheRulesItIsNot(mode: String) throws {
        let network = try Network()
        let far = try Self.far(behind: network)
        try network.serve(WebFarm(mode: mode).text)
        try network.become(network.ruleset.deafToErrors)
        #expect(try Self.download(network, far, mode, 4) < Self.size)
    }

    private static func far(behind network: Network) throws -> Namespace {
        let (far, router) = (try Namespace(), network.client)
        try router.inside { try Shell.run("sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1") }
        try Shell.run(
            """
            ip -n \(router.name) link add r0 mtu 1300 type veth peer name f0 mtu 1500 netns \(far.name)
            ip -n \(router.name) addr add 198.51.100.1/24 dev r0
            ip -n \(router.name) addr add 2001:db8:5::1/64 dev r0 nodad
            ip -n \(router.name) link set r0 up
            ip -n \(far.name) addr add 198.51.100.2/24 dev f0
            ip -n \(far.name) addr add 2001:db8:5::2/64 dev f0 nodad
            ip -n \(far.name) link set f0 up
            ip -n \(far.name) route add default via 198.51.100.1
            ip -n \(far.name) route add default via 2001:db8:5::1
            ip -n \(network.balancer.name) route add 198.51.100.0/24 via 192.0.2.1
            ip -n \(network.balancer.name) route add 2001:db8:5::/64 via 2001:db8:2::1
            ip -n \(network.server.name) addr add 2001:db8::10/128 dev lo nodad
            """)
        return far
    }

    /// How much of what the server sends arrives.
    private static func download(_ network: Network, _ far: Namespace, _ mode: String, _ family: Int) throws -> Int {
        let vip = family == 4 ? "203.0.113.10:80" : "[2001:db8::10]:80"
        let backend = family == 4 ? "10.0.1.11:8080" : "[fd00:1::11]:8080"
        let server = try network.listen(mode == "dsr" ? vip : backend, in: network.server)
        server.makeRoom(4 * size)
        let client = try network.open(from: family == 4 ? "198.51.100.2" : "2001:db8:5::2", to: vip, in: far)
        #expect(client.attempt == .connected)
        let accepted = try server.accepted()
        try accepted.send(String(repeating: "x", count: size))
        var received = 0
        while received < size, let part = try client.receive(within: 2500) { received += part.utf8.count }
        return received
    }
}

extension Ruleset {
    fileprivate var deafToErrors: Ruleset {
        var ruleset = self
        for table in ruleset.tables.indices {
            for chain in ruleset.tables[table].chains.indices where ruleset.tables[table].chains[chain].base != nil {
                ruleset.tables[table].chains[chain].rules.removeAll { rule in
                    rule.statements.contains { if case .controlMessage = $0 { true } else { false } }
                }
            }
        }
        return ruleset
    }
}
