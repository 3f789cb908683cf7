import ReconcilePolicy
import Testing

@testable import Daemon

@Suite struct HandoverSettingsTests {
    private func handover(_ yaml: String) throws(SettingsFault) -> HandoverSettings {
        try Settings(yaml: "handover: \(yaml)", file: "zvnftd.yaml").handover
    }

    @Test func defaultsAreThoseOfTheDocumentation() throws {
        let defaults = HandoverSettings(quiet: .seconds(60), limit: .seconds(600), udpHold: .seconds(60))
        #expect(Settings().handover == defaults)
        #expect(try handover("{}") == defaults)
    }

    @Test func eachKeyIsRead() throws {
        let read = try handover("{ quiet: 500ms, limit: 1h, udpHold: 2m }")
        #expect(read == HandoverSettings(quiet: .milliseconds(500), limit: .seconds(3600), udpHold: .seconds(120)))
    }

    @Test func zeroTurnsItOff() throws { #expect(try handover("{ limit: 0s, udpHold: 0s }").limit == .zero) }

    @Test(arguments: [
        "off", "[]", "60s", "{ quite: 1s }", "{ quiet: 0s }", "{ limit: 61m }", "{ limit: 2h }", "{ limit: 5 }", "{ limit: -1s }",
        "{ limit: 1.5s }", "{ limit: [1s] }", "{ udpHold: '' }", "{ udpHold: 99999999s }", "{ udpHold: 1d }", "{ [limit]: 1s }",
    ])
    func whatCannotBeMeantIsRefusedAtItsPlace(yaml: String) {
        let fault = #expect(throws: SettingsFault.self) { try handover(yaml) }
        #expect(fault?.description.hasPrefix("zvnftd.yaml:1:1: handover is a mapping such as { quiet: 60s") == true)
    }
}
