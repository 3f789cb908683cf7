import FarmConfig
import FarmModel
import Glibc
import NetTypes
import NetfilterDriver
import Ruleset
import RulesetCompiler
import Seams
import Synchronization
import TestNamespaces

/// Real hosts around a balancer that runs what the compiler makes of farm files, with all backends usable:
///
///     client ── front balancer back ── server
///
/// The client has 192.0.2.1–60 and 2001:db8:2::1–9, the server 10.0.1.11–13 and fd00:1::11–13. Listeners are routed to the balancer.
final class Network: Sendable {
    let client, balancer, server: Namespace
    /// What the balancer's kernel holds.
    private let committed = Mutex(Ruleset())

    static let frontMAC = "02:00:00:00:00:01", backMAC = "02:00:00:00:00:02"
    static let clientMAC = "02:00:00:00:01:01", serverMAC = "02:00:00:00:02:01"

    init() throws {
        (client, balancer, server) = (try Namespace(), try Namespace(), try Namespace())
        for namespace in [client, balancer, server] { try namespace.inside { try Shell.run(Self.promptness) } }
        try Shell.run("ip -n \(balancer.name) -batch - <<'END'\n\(Self.links(client.name, server.name))END")
        try Shell.run("ip -n \(client.name) -batch - <<'END'\n\(Self.clientAddresses)END")
        try Shell.run("ip -n \(server.name) -batch - <<'END'\n\(Self.serverAddresses)END")
        let forwarding = "sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1 net.ipv4.conf.all.send_redirects=0"
        try balancer.inside { try Shell.run(forwarding) }
        try server.inside { try Shell.run("sysctl -qw net.ipv4.conf.all.arp_ignore=1 net.ipv4.conf.all.arp_announce=2") }
    }

    /// Addresses can be used at once, without asking who else has them.
    private static let promptness = "sysctl -qw net.ipv6.conf.all.accept_dad=0 net.ipv6.conf.default.accept_dad=0"

    private static func links(_ client: String, _ server: String) -> String {
        """
        link add front address \(frontMAC) type veth peer name c0 address \(clientMAC) netns \(client)
        link add back address \(backMAC) type veth peer name s0 address \(serverMAC) netns \(server)
        addr add 192.0.2.254/24 dev front
        addr add 2001:db8:2::fe/64 dev front nodad
        addr add 10.0.1.254/24 dev back
        addr add fd00:1::fe/64 dev back nodad
        link set front up
        link set back up

        """
    }

    private static var clientAddresses: String {
        (["link set c0 up"] + (1...60).map { "addr add 192.0.2.\($0)/24 dev c0" }
            + (1...9).map { "addr add 2001:db8:2::\($0)/64 dev c0 nodad" }
            + ["route add default via 192.0.2.254", "route add default via 2001:db8:2::fe", ""]).joined(separator: "\n")
    }

    private static var serverAddresses: String {
        (["link set s0 up"] + (11...13).flatMap { ["addr add 10.0.1.\($0)/24 dev s0", "addr add fd00:1::\($0)/64 dev s0 nodad"] }
            + ["addr add 203.0.113.10/32 dev lo", "route add default via 10.0.1.254", "route add default via fd00:1::fe", ""])
            .joined(separator: "\n")
    }
}

extension Network {
    /// Makes these farms what the balancer serves. `lists`: what the list files of policies hold, by their paths.
    func serve(_ farms: String, lists: [String: String] = [:]) throws {
        let loaded = FarmConfig.load([FarmFile(path: "farms.yaml", text: Array(farms.utf8))])
        guard loaded.faults.isEmpty else { throw TestFault(loaded.faults.map(\.description).joined(separator: "\n")) }
        try serve(loaded.farms.map { try $0.reading(lists) })
    }

    func serve(_ farms: [Farm]) throws {
        let wanted = try balancer.inside { try Self.compiler(farms).ruleset }
        try become(wanted)
    }

    func become(_ wanted: Ruleset) throws {
        try balancer.inside { [self] in
            let driver = try NetfilterDriver()
            try driver.claim()
            let held = try driver.dump(recognising: ruleset)
            _ = try driver.commit(held.ruleset.batch(to: wanted), expecting: held.generation)
        }
        note(wanted)
    }

    func note(_ ruleset: Ruleset) { committed.withLock { $0 = ruleset } }

    var ruleset: Ruleset { committed.withLock { $0 } }

    /// In the balancer's namespace: it asks for the devices.
    static func compiler(_ farms: [Farm]) throws -> RulesetCompiler {
        guard let mac = MACAddress(serverMAC), let own = MACAddress(backMAC) else { throw TestFault("legal addresses") }
        let hop = NextHop(destination: mac, device: NetworkDevice(index: if_nametoindex("back"), name: "back"), source: own)
        let front = NetworkDevice(index: if_nametoindex("front"), name: "front")
        let compiled = farms.map { farm in
            let hop = farm.mode.usesConntrack ? nil : hop
            return (
                farm.name,
                CompiledFarm(FarmPlan(farm), farm.backends.map { BackendCondition(isUsable: true, weight: $0.weight, nextHop: hop) })
            )
        }
        return RulesetCompiler(farms: Dictionary(uniqueKeysWithValues: compiled), environment: Environment(ingressDevices: [front]))
    }

    /// What the rules have counted together whose text has all of these words.
    func counted(_ words: String...) throws -> UInt64 {
        let (ruleset, counters) = (ruleset, try balancer.inside { try NetfilterDriver().counters() })
        var packets: UInt64 = 0
        var matches = 0
        for table in ruleset.tables {
            for chain in table.chains {
                for (index, rule) in chain.rules.enumerated() {
                    let text = "\(chain.name): \(rule)"
                    guard rule.statements.contains(.counter), words.allSatisfy(text.contains) else { continue }
                    matches += 1
                    packets += counters[table.family]?[chain.name]?[index]?.packets ?? 0
                }
            }
        }
        guard matches > 0 else { throw TestFault("no rule that counts has \(words)") }
        return packets
    }

    /// How many elements are in the dynamic sets whose names begin so.
    func elements(_ prefix: String) throws -> Int {
        let sets = ruleset.tables.flatMap { table in table.sets.filter { $0.name.hasPrefix(prefix) }.map { (table.family, $0.name) } }
        guard !sets.isEmpty else { throw TestFault("no set is named \(prefix)…") }
        return try balancer.inside {
            let driver = try NetfilterDriver()
            return try sets.reduce(0) { $0 + (try driver.count(of: $1.1, in: $1.0)) }
        }
    }
}

extension Farm {
    fileprivate func reading(_ lists: [String: String]) throws -> Farm {
        var farm = self
        for (index, policy) in farm.policies.enumerated() {
            guard let path = policy.sourceFile else { continue }
            let (list, faults) = AddressList.parse(Array((lists[path] ?? "").utf8), path: path)
            guard faults.isEmpty else { throw TestFault("\(faults)") }
            farm.policies[index].list = SourceList(list.ranges)
        }
        return farm
    }
}
