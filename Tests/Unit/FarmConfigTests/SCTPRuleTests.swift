import FarmModel
import NetTypes
import Testing

@testable import FarmConfig

/// Farms that listen at SCTP.
@Suite struct SCTPRuleTests {
    private func sctp(_ lines: String) -> String { minimal(lines, listen: "[203.0.113.10:3868/sctp]") }

    @Test(arguments: ["dnat", "snat", "stateless", "dsr"]) func everyModeTakesIt(mode: String) throws {
        let text = minimal("mode: \(mode)\nhealth: { type: none }", listen: "[203.0.113.10:3868/sctp]", backends: "[10.0.0.1]")
        #expect(try farm(text).listeners.map(\.transport) == [.sctp])
        #expect(try farm(text).listeners.map(\.description) == ["203.0.113.10:3868/sctp"])
    }

    @Test func theDefaultProbeHasToBeChosen() {
        let faults = expectFaults(minimal("", listen: "▲[203.0.113.10:3868/sctp]"), .doesNotApply)
        #expect(faults.first?.message.hasPrefix("the default probe is tcp") == true)
        #expect(load(sctp("health: { type: tcp }")).faults.isEmpty && load(sctp("health: { type: none }")).faults.isEmpty)
    }

    @Test func whatIsAboutTCPIsRefused() {
        expectFaults(
            sctp("health: { type: none }\nlimits: { tcpStrict: ▲true, synProxy: ▲true, resetsPerSource: ▲5/s }"), .doesNotApply,
            .doesNotApply, .doesNotApply)
        expectFaults(sctp("health: { type: none }\nhelper: ▲ftp"), .doesNotApply)
    }

    @Test(arguments: ["dsr", "stateless"]) func anAssociationKeepsItsBackend(mode: String) {
        let lines = "mode: \(mode)\nhealth: { type: none }\nscheduler: ▲random"
        expectFaults(minimal(lines, listen: "[203.0.113.10:3868/sctp]", backends: "[10.0.0.1]"), .doesNotApply)
    }

    @Test func aPortMayBeAnothersOverAnotherProtocol() {
        let farms = ["tcp", "udp", "sctp"].map {
            "farm: \($0)\nlisten: [203.0.113.10:80/\($0)]\nbackends: [10.0.0.1]\nhealth: { type: none }\n"
        }
        #expect(load(farms.joined(separator: "---\n")).faults.isEmpty)
        let twice = farms + [farms[2].replacing("farm: sctp", with: "farm: more")]
        #expect(load(twice.joined(separator: "---\n")).faults.map(\.code) == [.listenerClaimed])
    }
}
