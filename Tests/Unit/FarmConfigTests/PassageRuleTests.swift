import FarmModel
import Testing

@testable import FarmConfig

/// `via: vip`, and where it cannot be.
@Suite struct PassageRuleTests {
    @Test func viaIsReadAndInherited() throws {
        let text = minimal(
            "health: { via: vip, interval: 1s }",
            backends:
                "[{ address: 10.0.0.1 }, { address: 10.0.0.2, health: { type: http } }, { address: 10.0.0.3, health: { via: direct } }]")
        let farm = try farm(text)
        #expect(farm.health.way.via == .vip)
        #expect(farm.backends.map { $0.health?.way.via } == [nil, .vip, .direct])
        #expect(try ZvnftFarm.minimal().health.way.via == .direct)
    }

    @Test func severalChecksTakeItOver() throws {
        let farm = try farm(minimal("health: { via: vip, checks: [{ type: tcp }, { type: http }, { type: icmp }] }"))
        guard case .group(let group) = farm.health.kind else {
            Issue.record("no group")
            return
        }
        #expect(group.checks.map(\.way.via) == [.vip, .vip, .vip])
    }

    @Test(arguments: [
        "health: ▲{ via: vip, address: 10.0.0.9 }", "health: ▲{ via: vip, port: 8080 }",
        "health: ▲{ type: dns, query: www.example, via: vip }", "health: { type: icmp, via: ▲vip }",
        "health: ▲{ via: vip, checks: [{ type: tcp }, { type: tcp, port: 81 }] }",
    ])
    func whatCannotGoThroughTheRulesIsRefused(line: String) { expectFaults(minimal(line), .doesNotApply) }

    @Test func silenceIsNoProofOfAnAddress() throws {
        let listen = "[203.0.113.10:53/udp]"
        expectFaults(minimal("health: ▲{ type: udp, via: vip }", listen: listen, backends: "[10.0.1.11:53]"), .doesNotApply)
        _ = try farm(minimal("health: { type: udp, expect: pong, via: vip }", listen: listen, backends: "[10.0.1.11:53]"))
    }

    @Test func directBackendsMayBeAskedAtAnyPort() throws {
        _ = try farm(minimal("mode: dsr\nhealth: { via: vip, port: 8080 }", backends: "[10.0.1.11]"))
        expectFaults(minimal("mode: dnat\nhealth: ▲{ via: vip, port: 8080 }", backends: "[10.0.1.11]"), .doesNotApply)
    }

    @Test func nothingIsBetweenTheHostAndItsOwnServers() {
        expectFaults(
            minimal("mode: local\nhealth: ▲{ via: vip }", listen: "[192.0.2.1:80]", backends: "[\"192.0.2.1:8080\"]"), .doesNotApply)
    }

    private enum ZvnftFarm {
        static func minimal() throws -> Farm { try farm(FarmConfigTests.minimal("")) }
    }
}
