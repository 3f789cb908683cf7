import FarmModel
import Glibc
import HealthPolicy
import HealthProbing
import NetTypes
import TestNamespaces

/// Two namespaces on one link, real servers in one of them and a loop of probes in the other.
///
///     prober  10.9.0.1, 10.9.0.3, fd09::1  ── veth ──  10.9.0.2, fd09::2  server
final class Wire: Sendable {
    let prober, server: Namespace
    /// For the servers' files; removed at the end.
    let directory: String

    init() throws {
        (prober, server) = (try Namespace(), try Namespace())
        directory = try Shell.run("mktemp -d /tmp/\(Namespace.prefix)-probes-XXXXXX").trimmed
        try Shell.run(
            """
            chmod 755 \(directory)
            for name in \(prober.name) \(server.name); do ip netns exec $name sysctl -qw net.ipv6.conf.all.accept_dad=0 net.ipv6.conf.default.accept_dad=0; done
            ip link add p0 netns \(prober.name) type veth peer name s0 netns \(server.name)
            for address in 10.9.0.1/24 10.9.0.3/24 fd09::1/64; do ip -n \(prober.name) addr add $address dev p0 nodad; done
            for address in 10.9.0.2/24 fd09::2/64; do ip -n \(server.name) addr add $address dev s0 nodad; done
            ip -n \(prober.name) link set p0 up && ip -n \(server.name) link set s0 up
            # The first packets of IPv6 wait for the link's own addresses.
            for _ in $(seq 50); do ip netns exec \(prober.name) ping -c 1 -W 1 fd09::2 >/dev/null 2>&1 && exit 0; sleep 0.05; done; exit 1
            """)
    }

    deinit {
        do { try Shell.run("ip netns pids \(server.name) | xargs -r kill -9; rm -rf \(directory)") } catch {
            print("left behind: \(error)")
        }
    }

    func atServer(_ command: String) throws -> String { try run(in: server, command) }
    func atProber(_ command: String) throws -> String { try run(in: prober, command) }

    private func run(in namespace: Namespace, _ command: String) throws -> String {
        let directory = directory
        return try namespace.inside { try Shell.run("cd \(directory); \(command)") }
    }

    /// Starts a server that stays in the foreground, and waits until the port is open.
    func serve(_ command: String, port: Int) throws {
        _ = try atServer(
            """
            setsid \(command) </dev/null >log-\(port) 2>&1 &
            for _ in $(seq 100); do ss -Hltun "sport = :\(port)" | grep -q . && exit 0; sleep 0.05; done
            tail -n 5 log-\(port); exit 1
            """)
    }

    func target(_ check: HealthCheck, port: UInt16, family: AddressFamily = .ipv4) throws -> ProbeTarget {
        guard let address = IPAddress(family == .ipv4 ? "10.9.0.2" : "fd09::2") else { throw TestFault("no address") }
        return ProbeTarget(address: address, port: port, check: check)
    }

    /// A loop whose thread, and so whose sockets, are in the prober's namespace.
    func loop(_ settings: ProbeSettings = ProbeSettings()) throws -> Probing {
        let probing = Probing()
        try prober.inside { try probing.start(settings) }
        return probing
    }
}

extension String {
    var trimmed: String { String(drop(while: \.isWhitespace).reversed().drop(while: \.isWhitespace).reversed()) }
}
