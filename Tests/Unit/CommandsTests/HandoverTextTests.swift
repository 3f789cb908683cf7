import ControlAPI
import Testing

@testable import Commands

@Suite struct HandoverTextTests {
    private let handover = HandoverView(
        farm: "web", slots: 12, since: "2026-01-02T03:04:05.000Z", endsBy: "2026-01-02T03:14:05.000Z")
    private let words = "12 slots move since 2026-01-02T03:04:05.000Z, until 2026-01-02T03:14:05.000Z at the latest"

    private func status(_ handovers: [HandoverView]) -> StatusReport {
        let status = StatusView(
            version: "0.1.0", generation: 42, drift: false, farms: .init(total: 1, up: 1, degraded: 0, down: 0),
            backends: .init(total: 2, up: 2, down: 0, unknown: 0), lastChange: nil, configFaults: [], ownsTables: true, stateFault: nil,
            handovers: handovers)
        return StatusReport(status: status, troubles: .none)
    }

    @Test func statusShowsEachFarmInTransitionAndNothingElse() throws {
        let text = try Rendering.text(of: status([handover]), as: .table, isColoured: false)
        #expect(text.hasSuffix("last change  none since the start\nhandover     web: \(words)\n"))
        #expect(try !Rendering.text(of: status([]), as: .table, isColoured: false).contains("handover"))
    }

    /// Somebody is changing something; nothing is wrong.
    @Test func aTransitionIsNoDegradation() { #expect(!status([handover]).isDegraded) }

    @Test func namesCannotSteerATerminal() throws {
        var hostile = handover
        hostile.farm = "we\u{1B}[31mb"
        #expect(try !Rendering.text(of: status([hostile]), as: .table, isColoured: false).contains("\u{1B}"))
    }

    @Test func farmShowHasIt() throws {
        let farm = FarmView(
            name: "web", mode: "dsr", scheduler: "maglev", state: .up, listen: ["203.0.113.10:80/tcp"],
            backends: .init(total: 2, healthy: 2, used: 2), tableSize: 127, description: nil)
        let detail = FarmDetail(farm: farm, backends: [], source: nil, handover: handover)
        #expect(try Rendering.text(of: detail, as: .table, isColoured: false).contains("handover     \(words)\n"))
    }
}
