import Testing

extension RealTraffic {
    /// Stateless NAT: rewritten packet by packet, both ways, and no entry in conntrack.
    @Suite struct Stateless {
        private static let vip = "203.0.113.10:80"
        private static let listeners = [vip, "[2001:db8::10]:80"]
        private static let farm = FarmFile(mode: "stateless", backends: .init(1...3, port: 8080), health: "{ type: tcp, interval: 100ms }")
        private static let datagrams = FarmFile(
            listen: ["203.0.113.10:53/udp", "\"[2001:db8::10]:53/udp\""], mode: "stateless", backends: .init(1...3, port: 5300),
            health: "{ type: none }")

        @Test(arguments: listeners) func connectionsReachEveryBackend(vip: String) throws {
            let balancer = try Balancer(Self.farm)
            let result = try balancer.lab.connect(to: vip, "--count 300 --rate 600")
            #expect(result.isFlawless, "\(result.summary)")
            #expect(Set(result.backends.keys.map { $0.prefix(2) }) == ["b1", "b2", "b3"])
        }

        @Test(arguments: ["203.0.113.10:53", "[2001:db8::10]:53"]) func datagramsReachEveryBackend(vip: String) throws {
            let balancer = try Balancer(Self.datagrams)
            let result = try balancer.lab.connect(to: vip, "--udp --count 300 --rate 600")
            #expect(result.isFlawless, "\(result.summary)")
            #expect(Set(result.backends.keys.map { $0.prefix(2) }) == ["b1", "b2", "b3"])
        }

        @Test func nothingIsTracked() throws {
            let balancer = try Balancer(["web": Self.farm.text, "dns": FarmFile.named("dns", Self.datagrams).text])
            let load = try Self.listeners.map { try balancer.lab.connecting(to: $0, "--count 100 --rate 200") }
            let questions = try balancer.lab.connecting(to: "203.0.113.10:53", "--udp --count 100 --rate 200")
            for result in try load.map({ try $0.result() }) + [try questions.result()] { #expect(result.isFlawless, "\(result.summary)") }
            let tracked = try balancer.lab.at("balancer", ["sh", "-c", "conntrack -L 2>/dev/null; conntrack -L -f ipv6 2>/dev/null"])
            #expect(!tracked.contains("203.0.113.10") && !tracked.contains("2001:db8::10"), "\(tracked)")
        }

        /// Backends that no neighbour entry is known of are reached through the routing table.
        @Test func farBackendsAreRoutedTo() throws {
            let balancer = try Balancer(Self.farm)
            try balancer.lab.at("switch", ["true"])
            // b3's address moves behind b2, which forwards to it: not on-link any more.
            try balancer.lab.at("balancer", "ip route add 10.0.1.13/32 via 10.0.1.12")
            defer { _ = try? balancer.lab.at("balancer", "ip route del 10.0.1.13/32") }
            try balancer.lab.at("b2", ["sysctl", "-qw", "net.ipv4.ip_forward=1", "net.ipv4.conf.all.send_redirects=0"])
            try balancer.awaitAllUp()
            let result = try balancer.lab.connect(to: Self.vip, "--count 200 --rate 400")
            #expect(result.isFlawless, "\(result.summary)")
            #expect(Set(result.backends.keys) == ["b1", "b2", "b3"])
        }

        /// From 64 octets to jumbo frames, with checksums in full, as a real device would send them.
        @Test(arguments: [("203.0.113.10", 4), ("2001:db8::10", 6)]) func everySizePassesUnharmedWithoutOffloads(vip: String, family: Int)
            throws
        {
            let echo = FarmFile(
                listen: family == 4
                    ? ["203.0.113.10:9/udp", "203.0.113.10:9/tcp"] : ["\"[2001:db8::10]:9/udp\"", "\"[2001:db8::10]:9/tcp\""],
                mode: "stateless", backends: .init(1...3, port: nil, families: [family]), health: "{ type: none }")
            let text = echo.text.replacing(":9/udp", with: ":5300/udp").replacing(":9/tcp", with: ":9000/tcp")
            let balancer = try Balancer(["web": text])
            let jumbo = try JumboLab(balancer.lab)
            let before = try jumbo.checksumErrors()
            try balancer.lab.at("client", ["python3", "-c", Self.talk, vip])
            #expect(try jumbo.checksumErrors() == before)
        }

        /// Says each size over udp and over tcp, and fails unless all of it comes back.
        private static let talk = """
            import socket, sys
            vip = sys.argv[1]
            family = socket.AF_INET6 if ':' in vip else socket.AF_INET
            for size in [18, 64, 100, 512, 1400, 1472, 1473, 4000, 8900]:
                line = b'x' * size
                for attempt in range(4):
                    with socket.socket(family, socket.SOCK_DGRAM) as udp:
                        udp.settimeout(2)
                        udp.connect((vip, 5300))
                        udp.send(line)
                        assert udp.recv(65535).endswith(line), size
                    with socket.create_connection((vip, 9000), 2) as tcp:
                        tcp.sendall(line + b'\\n')
                        assert tcp.makefile('rb').readline().endswith(line + b'\\n'), size
            """
    }
}

extension FarmFile {
    fileprivate static func named(_ name: String, _ farm: FarmFile) -> FarmFile {
        var farm = farm
        farm.name = name
        return farm
    }
}

/// The lab with frames of 9 000 octets and without offloads, for as long as the value lives.
private final class JumboLab {
    private let lab: Lab
    private static let places = ["client", "balancer", "switch", "b1", "b2", "b3"]

    init(_ lab: Lab) throws {
        self.lab = lab
        try set(mtu: 9000, offloads: "off")
    }

    deinit {
        do { try set(mtu: 1500, offloads: "on") } catch { print("the lab could not be mended: \(error)") }
    }

    private func set(mtu: Int, offloads: String) throws {
        let each =
            "for d in $(ls /sys/class/net | grep -v -e '^lo$' -e '^br0$'); do ip link set $d mtu \(mtu); ethtool -K $d tx \(offloads) >/dev/null 2>&1; done"
        for place in Self.places { try lab.at(place, ["sh", "-c", each + "; true"]) }
    }

    /// Packets that clients and backends have thrown away for a wrong checksum.
    func checksumErrors() throws -> Int {
        try Self.places.reduce(0) { sum, place in
            let counters = try lab.at(place, ["sh", "-c", "nstat -asz 2>/dev/null | grep -i CsumErrors"])
            return sum + counters.split(separator: "\n").reduce(0) { $0 + (Int($1.split(separator: " ").dropFirst().first ?? "") ?? 0) }
        }
    }
}
