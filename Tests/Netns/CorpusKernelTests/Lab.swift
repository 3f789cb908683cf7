import CLinux
import CorpusCases
import Glibc
import Synchronization
import TestNamespaces
import Testing

/// The host that the corpus is written for, in namespaces:
///
///     world ── front ── balancer ── back ── world          oracle: a second balancer, for nft's own work
///                          └─────── side ── world
///
/// The world is no host: whatever arrives is seen by a packet socket, and whatever is sent is written there.
final class Lab: Sendable {
    private static let made = Atomic(0)
    let balancer: String
    let oracle: String
    private let world: String
    static let loopback = "lo"
    /// The far ends of the devices, by their names; and the balancer's own loopback.
    let wires: [String: Wire]

    init() throws {
        guard geteuid() == 0 else { throw TestFault("these tests make network namespaces: run them as root") }
        let prefix = getenv("ZVNFT_LAB_PREFIX").map { String(cString: $0) } ?? "zk"
        let name = "\(prefix)-corpus-\(getpid())-\(Self.made.add(1, ordering: .relaxed).newValue)"
        (balancer, oracle, world) = ("\(name)-b", "\(name)-o", "\(name)-w")
        do {
            for namespace in [balancer, oracle, world] { try Shell.run("ip netns add \(namespace)") }
            for (index, namespace) in [balancer, oracle].enumerated() {
                try Shell.run("ip -n \(namespace) -batch - <<'END'\n\(Self.devices(peer: index == 0 ? world : nil))END")
            }
            try Shell.run("ip -n \(world) -batch - <<'END'\n\(CorpusHost.devices.map { "link set \($0.link.name) up\n" }.joined())END")
            try Namespace.run(in: balancer) { _ = try Shell.run(Self.settings) }
            let ends = try Namespace.run(in: world) {
                Dictionary(uniqueKeysWithValues: try CorpusHost.devices.map { ($0.link.name, try Wire(device: $0.link.name)) })
            }
            let own = try Namespace.run(in: balancer) { try Wire(device: Self.loopback) }
            wires = ends.merging([Self.loopback: own]) { $1 }
        } catch {
            Self.remove([balancer, oracle, world])
            throw error
        }
    }

    func remove() { Self.remove([balancer, oracle, world]) }

    private static func remove(_ namespaces: [String]) {
        for namespace in namespaces {
            do { try Shell.run("ip netns del \(namespace)") } catch { print("left behind: \(error)") }
        }
    }

    /// Neighbours are fixed: nobody out there answers.
    private static func devices(peer: String?) -> String {
        CorpusHost.devices.map { device in
            let name = device.link.name
            let peerOptions = peer.map { "name \(name) netns \($0)" } ?? "name \(name)-far"
            var lines = [
                "link add \(name) index \(device.link.index) address \(device.mac) type veth peer \(peerOptions)",
                "link set \(name) addrgenmode none", "link set \(name) up",
                "addr add \(device.addresses[0])/24 dev \(name)", "addr add \(device.addresses[1])/64 dev \(name) nodad",
            ]
            for gateway in device.gateway.addresses {
                lines.append("neigh add \(gateway) lladdr \(device.gateway.mac) dev \(name) nud permanent")
            }
            for route in device.routes {
                lines.append("route add \(route) via \(device.gateway.addresses[route.contains(":") ? 1 : 0]) dev \(name)")
            }
            return lines.joined(separator: "\n") + "\n"
        }.joined()
    }

    private static let settings = """
        ip link set lo up; modprobe -q nf_conntrack; \
        sysctl -qw net.netfilter.nf_conntrack_tcp_be_liberal=1; \
        sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1 net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.default.rp_filter=0 \
        \(CorpusHost.devices.map { "net.ipv4.conf.\($0.link.name).rp_filter=0" }.joined(separator: " ")) \
        net.ipv4.icmp_ratelimit=0 net.ipv4.icmp_msgs_per_sec=1000000 net.ipv4.icmp_msgs_burst=1000000 net.ipv6.icmp.ratelimit=0 net.ipv4.conf.all.send_redirects=0
        """
}

/// One lab for all the tests of a suite; they take turns in it.
struct LabTrait: SuiteTrait, TestScoping {
    @TaskLocal static var lab: Lab?

    func provideScope(for test: Test, testCase: Test.Case?, performing body: @Sendable () async throws -> Void) async throws {
        let lab = try Lab()
        defer { lab.remove() }
        try await Self.$lab.withValue(lab) { try await body() }
    }
}

extension Trait where Self == LabTrait {
    static var lab: LabTrait { LabTrait() }
}
