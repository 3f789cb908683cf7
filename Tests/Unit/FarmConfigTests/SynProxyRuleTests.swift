import FarmModel
import Testing

@testable import FarmConfig

/// What goes with a proxy for SYNs.
@Suite struct SynProxyRuleTests {
    @Test(arguments: ["dnat", "snat"]) func translatedFarmsMayHaveIt(mode: String) throws {
        #expect(try farm(minimal("mode: \(mode)\nlimits: { synProxy: true }")).limits.synProxy)
        #expect(try farm(minimal("mode: \(mode)\nlimits: { synProxy: false }\npersistence: {}")).limits.synProxy == false)
    }

    @Test(arguments: ["dsr", "stateless", "local"]) func othersMayNot(mode: String) {
        expectFaults(minimal("mode: \(mode)\nlimits: { synProxy: ▲true }"), .doesNotApply)
    }

    @Test func overIPv6ItIsRefused() {
        let six = minimal(
            "mode: dnat\nlimits: { synProxy: true }", listen: "[203.0.113.10:80, ▲\"[2001:db8::10]:80\"]",
            backends: "[10.0.0.1, \"[fd00::1]\"]")
        expectFaults(six, .doesNotApply)
    }

    @Test func whatNeedsAFrameOrAnEarlierHookIsRefused() {
        let lines = """
            mode: dnat
            scheduler: hash
            hash: ▲[sourceAddress, sourceMac]
            persistence: ▲{}
            helper: ▲ftp
            mark: ▲0x1
            limits: { synProxy: true }
            """
        let faults = expectFaults(
            minimal(lines, backends: "[{ address: 10.0.0.1, mark: ▲0x2 }]"), .doesNotApply, .doesNotApply, .doesNotApply, .doesNotApply,
            .doesNotApply)
        #expect(faults.allSatisfy { $0.message.hasPrefix("connections behind synProxy ") })
    }
}
