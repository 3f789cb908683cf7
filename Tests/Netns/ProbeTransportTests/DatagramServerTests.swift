import FarmModel
import HealthPolicy
import HealthProbing
import NetTypes
import TestNamespaces
import Testing

/// Echoes, datagrams and names over a real link, with a real name server.
@Suite(.timeLimit(.minutes(2))) struct DatagramServerTests {
    @Test(arguments: AddressFamily.allCases, [true, false]) func echoesWorkWithAndWithoutPrivilege(_ family: AddressFamily, isRaw: Bool)
        async throws
    {
        let wire = try Wire()
        _ = try wire.atProber("sysctl -qw net.ipv4.ping_group_range='\(isRaw ? "1 0" : "0 2147483647")'")
        let probing = try wire.loop()
        let target = try wire.target(quick(.icmp, timeout: 150), port: 0, family: family)
        #expect(try await probing.judge(target) == "up: echo reply")
        _ = try wire.atServer(
            "nft add table inet t; nft add chain inet t c '{ type filter hook input priority 0; }'; nft add rule inet t c icmp type echo-request drop; nft add rule inet t c icmpv6 type echo-request drop"
        )
        let down = await probing.next()
        #expect(down?.verdict == .down && down?.reason == "no echo reply within 150 ms")
    }

    /// The server says by ICMP what it thinks of a datagram; nothing waits for the deadline.
    @Test func refusalsByICMPAreHeard() async throws {
        let wire = try Wire()
        _ = try wire.atServer(
            """
            nft add table inet t
            nft add chain inet t c '{ type filter hook input priority 0; }'
            nft add rule inet t c udp dport 7 reject with icmpx host-unreachable
            nft add rule inet t c udp dport 9 drop
            nft add rule inet t c udp dport 11 reject with icmpx admin-prohibited
            nft add rule inet t c tcp dport 11 reject with icmpx admin-prohibited
            """)
        for family in AddressFamily.allCases {
            func verdict(_ port: UInt16, _ kind: HealthCheck.Kind = .udp(SendExpect(send: [1]))) async throws -> String {
                let check = HealthCheck(kind: kind, interval: .seconds(5), timeout: .milliseconds(1500), fall: 1)
                return try await wire.loop().judge(try wire.target(check, port: port, family: family))
            }
            // Of IPv6, EACCES: what a filter of this host says, too.
            let prohibited = family == .ipv4 ? "down: no route to host" : "down: prohibited by a filter or a route on the way"
            #expect(try await verdict(11) == prohibited)
            // At the latest the second SYN, after a second: the answer to the first may come while connect still has the socket.
            #expect(try await verdict(11, .tcp) == prohibited)
            #expect(try await verdict(7) == "down: no route to host")
            #expect(try await verdict(8) == "down: port unreachable")
            #expect(try await verdict(9) == "up: no ICMP error")
        }
    }

    @Test func nameServerIsAskedByBothProtocols() async throws {
        let wire = try Wire()
        try wire.serve(
            """
            dnsmasq --keep-in-foreground --conf-file=/dev/null --user=root --pid-file= --no-resolv --no-hosts --port=5353 \
            --host-record=www.example,192.0.2.7,2001:db8::7 --cname=alias.example,www.example --mx-host=example,mail.example,10 \
            --txt-record=txt.example,hello --local=/example/
            """, port: 5353)
        let probing = try wire.loop()
        func verdict(_ check: DNSCheck, _ family: AddressFamily = .ipv4) async throws -> String {
            try await probing.judge(try wire.target(quick(.dns(check)), port: 5353, family: family))
        }
        for isOverTCP in [false, true] {
            let www = DNSCheck(query: "www.example", type: .a, answer: "192.0.2.7", isOverTCP: isOverTCP)
            #expect(try await verdict(www) == "up: NOERROR, 192.0.2.7")
            #expect(try await verdict(www, .ipv6) == "up: NOERROR, 192.0.2.7")
            var other = www
            other.answer = "192.0.2.8"
            #expect(try await verdict(other) == "down: 192.0.2.8 is not in the answer")
            let absent = DNSCheck(query: "nobody.example", type: .a, isOverTCP: isOverTCP)
            #expect(try await verdict(absent) == "down: NXDOMAIN")
            var expected = absent
            expected.rcode = .nxDomain
            #expect(try await verdict(expected) == "up: NXDOMAIN")
        }
        #expect(try await verdict(DNSCheck(query: "www.example", type: .aaaa, answer: "2001:db8::7")) == "up: NOERROR, 2001:db8::7")
        #expect(try await verdict(DNSCheck(query: "alias.example", type: .a, answer: "192.0.2.7")) == "up: NOERROR, 192.0.2.7")
        #expect(try await verdict(DNSCheck(query: "example", type: .mx, answer: "10 mail.example")) == "up: NOERROR, 10 mail.example")
        #expect(try await verdict(DNSCheck(query: "txt.example", type: .txt, answer: "hello")) == "up: NOERROR, hello")
        _ = try wire.atServer("pkill -9 --ns $$ --nslist net dnsmasq; while ss -Hln sport = :5353 | grep -q .; do sleep 0.02; done")
        #expect(try await verdict(DNSCheck(query: "www.example", type: .a)) == "down: port unreachable")
        #expect(try await verdict(DNSCheck(query: "www.example", type: .a, isOverTCP: true)) == "down: connection refused")
    }

    /// The server counts who comes: probes leave from the address and by the device that the check names.
    @Test func probesLeaveFromWhereTheyAreTold() async throws {
        let wire = try Wire()
        _ = try wire.atServer(
            "nft add table ip t; nft add chain ip t c '{ type filter hook input priority 0; }'; nft add rule ip t c ip saddr 10.9.0.3 counter name x 2>/dev/null || nft add rule ip t c ip saddr 10.9.0.3 counter"
        )
        func way(source: String? = nil, interface: String? = nil) -> ProbeWay {
            ProbeWay(source: source.flatMap { IPAddress($0) }, interface: interface)
        }
        let probing = try wire.loop()
        func verdict(_ kind: HealthCheck.Kind, _ way: ProbeWay) async throws -> String {
            try await probing.judge(try wire.target(quick(kind, timeout: 150, way: way), port: 8, family: .ipv4))
        }
        func counted() throws -> Int {
            let words = try wire.atServer("nft list chain ip t c").split(whereSeparator: \.isWhitespace)
            guard let place = words.firstIndex(of: "packets"), let count = Int(words[place + 1]) else { throw TestFault("\(words)") }
            return count
        }
        #expect(try await verdict(.icmp, way()) == "up: echo reply")
        #expect(try counted() == 0)
        #expect(try await verdict(.icmp, way(source: "10.9.0.3")) == "up: echo reply")
        let echoes = try counted()
        #expect(echoes > 0)
        #expect(try await verdict(.udp(SendExpect()), way(source: "10.9.0.3")) == "down: port unreachable")
        #expect(try await verdict(.tcp, way(source: "10.9.0.3", interface: "p0")) == "down: connection refused")
        #expect(try counted() >= echoes + 2)
        #expect(try await verdict(.tcp, way(interface: "lo")).hasPrefix("down: "), "the server is not behind lo")
        #expect(try await verdict(.tcp, way(interface: "nowhere")) == "down: No such device")
        let stranger = try wire.target(quick(.tcp, way: way(source: "10.9.0.77")), port: 8)
        try probing.probe(stranger)
        #expect(try await probing.waits { ($0.state(of: stranger)?.counts.late ?? 0) > 0 })
    }
}
