import ControlAPI
import Testing

@testable import Commands

/// What a person reads of what is wrong.
@Suite struct StatusTextTests {
    private func farm(_ name: String, _ state: FarmState, panic: Bool = false) -> FarmView {
        FarmView(
            name: name, mode: "dnat", scheduler: "maglev", state: state, listen: ["203.0.113.10:80/tcp"],
            backends: .init(total: 3, healthy: state == .up ? 3 : 1, used: 1), tableSize: 179, description: nil,
            panic: panic)
    }

    private func backend(_ name: String, of farm: String, _ health: String, _ reason: String, weight: Int = 1) -> BackendView {
        BackendView(
            farm: farm, name: name, address: "10.0.1.11", port: "8080", weight: 1, effectiveWeight: weight, priority: 1, admin: "ready",
            isOverridden: false, health: health, reason: reason, since: nil, share: 0, connections: nil)
    }

    private func text(_ troubles: Troubles, heldBack: Bool = false, faults: [String] = [], suspicions: [String] = []) throws -> String {
        let status = StatusView(
            version: "0.1.0", generation: 42, drift: false, farms: .init(total: 1, up: 1, degraded: 0, down: 0),
            backends: .init(total: 2, up: 2, down: 0, unknown: 0), lastChange: nil, configFaults: faults, ownsTables: true,
            stateFault: nil, suspicions: suspicions, heldBack: heldBack)
        return try Rendering.text(of: StatusReport(status: status, troubles: troubles), as: .table, isColoured: false)
    }

    @Test func farmsThatAreNotUpAreNamedWithTheReasonTheWorstFirst() throws {
        let troubles = Troubles(
            farms: [farm("api", .degraded), farm("mail", .up), farm("web", .down), farm("work", .maintenance)],
            backends: [
                backend("a1", of: "api", "up", "no neighbour", weight: 0), backend("a2", of: "api", "down", "refused", weight: 0),
                backend("m1", of: "mail", "up", "drain", weight: 0), backend("w1", of: "web", "down", "no answer", weight: 0),
            ])
        let text = try text(troubles)
        let expected = """

            FARM  STATE     HEALTHY  USED  REASON
            web   down          1/3     1  w1: no answer
            api   degraded      1/3     1  a2: refused, and 1 more

            """
        #expect(text.contains(expected), "\(text)")
        // A backend that an operator drained takes nothing from its farm.
        #expect(text.contains("a1") && !text.contains("m1") && !text.contains("work"))
    }

    @Test func panicsAndSuspicionsAreOnTheFirstScreen() throws {
        let troubles = Troubles(
            farms: [farm("web", .degraded, panic: true)], backends: [backend("w1", of: "web", "down", "no answer", weight: 1)])
        let text = try text(troubles, suspicions: ["all 3 backends behind eth1 went down at once"])
        #expect(text.contains("\nall 3 backends behind eth1 went down at once\n"))
        #expect(text.contains("panic, all are used; w1: no answer"))
        let list = try Rendering.text(of: FarmList(farms: troubles.farms), as: .table, isColoured: false)
        #expect(list.contains("1, panic"))
    }

    @Test func ofManyTheScreenShowsSomeAndSaysWhereTheRestIs() throws {
        let names = (100..<150).map { "f\($0)" }
        let troubles = Troubles(farms: names.map { farm($0, .down) }, backends: names.map { backend("b", of: $0, "down", "refused") })
        let text = try text(troubles)
        #expect(text.contains("\nand 40 farms more: lbctl farm list\n") && text.hasSuffix("\nand 30 backends more: lbctl backend list\n"))
        #expect(text.split(separator: "\n").count < 45)
    }

    @Test func whereAllIsWellNothingIsAdded() throws {
        let troubles = Troubles(farms: [farm("web", .up)], backends: [backend("w1", of: "web", "up", "connected")])
        #expect(try text(troubles).hasSuffix("last change  none since the start\n"))
    }

    @Test func whatTheBlastRadiusHoldsBackIsNoFault() throws {
        let words = "6 of 8 listeners would go; if that is meant, `lbctl apply --force` does it"
        let held = try text(.none, heldBack: true, faults: [words])
        #expect(held.hasSuffix("\nfarm files are good, and held back by the blast radius; what ran before them goes on:\n\n\(words)\n"))
        #expect(try text(.none, faults: ["error[E012]"]).contains("farm files have faults; what ran before them goes on:"))
    }
}
