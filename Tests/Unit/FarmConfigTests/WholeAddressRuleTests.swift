import FarmModel
import NetTypes
import Testing

@testable import FarmConfig

/// Listeners of protocol all.
@Suite struct WholeAddressRuleTests {
    private func whole(_ lines: String, backends: String = "[10.0.0.1]") -> String {
        minimal(lines, listen: "[203.0.113.10/all]", backends: backends)
    }
    private static let unprobed = "health: { type: none }"

    @Test func bothFormsAreTheSame() throws {
        let long = minimal(Self.unprobed, listen: "[{ address: 203.0.113.10, protocol: all }]", backends: "[10.0.0.1]")
        #expect(try farm(long) == farm(whole(Self.unprobed)))
        let farm = try farm(whole(Self.unprobed))
        #expect(farm.listeners.first?.isWhole == true && farm.listeners.first?.description == "203.0.113.10/all")
        #expect(farm.scheduler.hashInputs == .address)
        let six = minimal(Self.unprobed, listen: "[\"[2001:db8::10]/all\"]", backends: "[\"[fd00::1]\"]")
        #expect(try FarmConfigTests.farm(six).listeners.first?.description == "[2001:db8::10]/all")
    }

    @Test func portsAreRefused() {
        let withPort = "[{ address: 203.0.113.10, protocol: all, ports: ▲80 }]"
        expectFaults(minimal(Self.unprobed, listen: withPort, backends: "[10.0.0.1]"), .doesNotApply)
        expectFaults(minimal(Self.unprobed, listen: "[▲203.0.113.10:80/all]", backends: "[10.0.0.1]"), .doesNotApply)
        expectFaults(whole(Self.unprobed, backends: "[▲10.0.0.1:80]"), .doesNotApply)
        expectFaults(whole(Self.unprobed + "\nhash: ▲[sourceAddress, sourcePort]"), .doesNotApply)
        expectFaults(minimal("", listen: "[{ ▲address: 203.0.113.10, protocol: tcp }]"), .missingKey)
    }

    @Test func probesNeedAPort() {
        expectFaults(minimal("", listen: "▲[203.0.113.10/all]", backends: "[10.0.0.1]"), .doesNotApply)
        expectFaults(whole("health: ▲{ type: tcp }"), .doesNotApply)
        #expect(load(whole("health: { port: 22 }")).faults.isEmpty)
        #expect(load(minimal("", listen: "[203.0.113.10/all, 203.0.113.10:80]")).faults.isEmpty)
    }

    @Test func whatGoesByPortsIsRefused() {
        expectFaults(whole("\(Self.unprobed)\npersistence: ▲{}"), .doesNotApply)
        expectFaults(whole("\(Self.unprobed)\nscheduler: ▲least-connections"), .doesNotApply)
        expectFaults(whole("\(Self.unprobed)\nmark: ▲0x1"), .doesNotApply)
        expectFaults(whole(Self.unprobed, backends: "[{ address: 10.0.0.1, mark: ▲0x1 }]"), .doesNotApply)
        expectFaults(whole(Self.unprobed, backends: "[{ address: 10.0.0.1, connectionLimit: ▲5 }]"), .doesNotApply)
        #expect(load(whole("\(Self.unprobed)\nmode: dsr\nmark: 0x1")).faults.isEmpty)
    }

    @Test(arguments: ["stateless", "local"]) func modesThatRewritePortsAreRefused(mode: String) {
        expectFaults(minimal("mode: \(mode)\n\(Self.unprobed)", listen: "[▲203.0.113.10/all]", backends: "[10.0.0.1]"), .doesNotApply)
    }

    @Test func aFarmOfOneAddressOnly() {
        let one = "farm: a\nlisten: [203.0.113.10/all]\nbackends: [10.0.0.1]\n\(Self.unprobed)\n"
        let faults = load(one + "---\n" + one.replacing("farm: a", with: "farm: b")).faults
        #expect(faults.map(\.code) == [.listenerClaimed])
        #expect(faults.first?.message == "203.0.113.10/all belongs to another farm already")
    }

    /// Who has a port comes first, where the kernel can see to it.
    @Test(arguments: ["dnat", "snat", "dsr", "stateless", "local"]) func portsOfTheAddressMayBeOthers(mode: String) {
        for (whole, refused) in [("dnat", [String]()), ("snat", ["dnat", "local"]), ("dsr", ["dnat", "snat", "local"])] {
            let farms = """
                farm: a
                listen: [203.0.113.10/all]
                mode: \(whole)
                backends: [10.0.0.1]
                health: { type: none }
                ---
                farm: b
                listen: [203.0.113.10:80]
                mode: \(mode)
                backends: [10.0.0.2]
                """
            #expect(load(farms).faults.map(\.code) == (refused.contains(mode) ? [.wholeAddress] : []), "\(mode) beside \(whole)")
        }
    }
}
