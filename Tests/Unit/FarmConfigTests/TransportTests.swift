import FarmModel
import NetTypes
import Testing

@testable import FarmConfig

/// How probes travel, and the kinds that are no talk over TCP.
@Suite struct TransportTests {
    private func health(_ lines: String) throws -> HealthCheck { try farm(minimal("health: \(lines)")).health }

    @Test func waysAreRead() throws {
        let text = "{ type: http, reuse: false, source: 10.0.0.9, interface: eth1.5, spread: slot, jitter: 20% }"
        #expect(try health(text).way == ProbeWay(reuse: false, source: IPAddress("10.0.0.9"), interface: "eth1.5", jitter: 20))
        #expect(try health("{ type: http }").way == ProbeWay())
    }

    @Test func tlsIsRead() throws {
        let check = try health("{ type: https, path: /x, tls: { verify: false, serverName: a.example, ca: /etc/ca.pem, daysLeft: 30 } }")
        #expect(check.kind == .http(HTTPCheck(path: "/x")) && check.typeName == "https")
        #expect(check.way.tls == TLSCheck(verify: false, serverName: "a.example", ca: "/etc/ca.pem", daysLeft: 30))
        let bare = try health("{ type: tls }")
        #expect(bare.kind == .tcp && bare.way.tls == TLSCheck() && bare.typeName == "tls")
    }

    @Test func backendsMayDropTheTLSOfTheFarm() throws {
        let text = minimal(
            "health: { type: https, tls: { daysLeft: 5 } }",
            backends: "[{ address: 10.0.0.1, health: { type: http } }, { address: 10.0.0.2, health: { path: /a } }]")
        let backends = try farm(text).backends
        #expect(backends[0].health?.way.tls == nil)
        #expect(backends[1].health?.way.tls == TLSCheck(daysLeft: 5))
    }

    @Test func datagramsAreRead() throws {
        #expect(try health("{ type: udp }").kind == .udp(SendExpect()))
        #expect(
            try health("{ type: udp, send: \"hex:00 fF0a\", expect: ok }").kind
                == .udp(SendExpect(send: [0, 255, 10], expect: Array("ok".utf8))))
        #expect(try health("{ type: icmp, source: 10.0.0.9 }").kind == .icmp)
    }

    @Test func dnsIsRead() throws {
        #expect(try health("{ type: dns, query: WWW.Example. }").kind == .dns(DNSCheck(query: "www.example", type: .a)))
        let text = "{ type: dns, query: ., queryType: SOA, expectRcode: REFUSED, protocol: tcp }"
        #expect(try health(text).kind == .dns(DNSCheck(query: ".", type: .soa, rcode: .refused, isOverTCP: true)))
    }

    @Test func execIsRead() throws {
        #expect(
            try health("{ type: exec, command: /bin/check -H {address}, user: probe, convention: keepalived, maxParallel: 2 }".braced).kind
                == .exec(ExecCheck(command: ["/bin/check", "-H", "{address}"], user: "probe", convention: .keepalived, maxParallel: 2)))
        #expect(
            try health("{ type: exec, command: [/bin/check, \"two words\"] }").kind
                == .exec(ExecCheck(command: ["/bin/check", "two words"])))
    }

    @Test func faultsStandAtTheirKeys() {
        expectFaults(minimal("health: { ▲type: dns }"), .missingKey)
        expectFaults(minimal("health: { ▲type: exec }"), .missingKey)
        expectFaults(minimal("health: { type: dns, query: ▲a..b }"), .badText)
        expectFaults(minimal("health: { type: dns, query: a, queryType: ▲a }"), .unknownWord)
        expectFaults(minimal("health: { type: dns, query: a, expectRcode: NXDOMAIN, expectAnswer: ▲192.0.2.1 }"), .doesNotApply)
        expectFaults(minimal("health: { type: udp, send: ▲\"hex:0\" }"), .badText)
        expectFaults(minimal("health: { type: udp, send: ▲\"hex:zz\" }"), .badText)
        expectFaults(minimal("health: { type: exec, command: ▲check }"), .badText)
        expectFaults(minimal("health: { type: exec, command: /bin/check, user: ▲root }"), .badText)
        expectFaults(minimal("health: { type: tcp, tls: ▲{ verify: true } }"), .doesNotApply)
        expectFaults(minimal("health: { type: https, tls: { ca: ▲ca.pem } }"), .badText)
        expectFaults(minimal("health: { type: https, tls: { ▲verfy: true } }"), .unknownKey)
        expectFaults(minimal("health: { jitter: ▲51% }"), .badText)
        expectFaults(minimal("health: { type: icmp, port: ▲80 }"), .doesNotApply)
        expectFaults(minimal("health: { type: exec, command: /bin/true, source: ▲10.0.0.1 }"), .doesNotApply)
        expectFaults(minimal("health: { type: icmp, send: ▲x }"), .doesNotApply)
    }

    @Test func programsHaveToBeAllowed() {
        let text = minimal(
            "health: { type: exec, command: /bin/true }", backends: "[10.0.0.1, { address: 10.0.0.2, health: { type: tcp } }]")
        let files = [FarmFile(path: "f.yaml", text: Array(text.utf8))]
        let faults = FarmConfig.load(files, allowsPrograms: false).faults
        #expect(faults.map(\.code) == [.notAllowed] && faults.first?.place.line == 4)
        #expect(faults.first?.hint == "write \"execProbes: true\" in the daemon's settings (zvnftd.yaml)")
        #expect(FarmConfig.load(files).faults.isEmpty)
    }
}

extension String {
    /// A flow mapping cannot hold plain braces.
    fileprivate var braced: String { replacing("/bin/check -H {address}", with: "\"/bin/check -H {address}\"") }
}
