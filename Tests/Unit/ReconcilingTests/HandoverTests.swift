import ControlAPI
import FarmModel
import HealthPolicy
import NetTypes
import ReconcilePolicy
import Ruleset
import Seams
import Testing

@testable import Reconciling

/// Transitions as the reconciler makes, shows, stores and ends them.
@Suite struct HandoverTests {
    private static let listener = "203.0.113.10:80"
    private static let macs = (1...4).map { "02:00:00:00:00:0\($0)" }
    private static let impatient = HandoverSettings(quiet: .milliseconds(200), limit: .seconds(30), udpHold: .milliseconds(200))

    /// Three backends serve, and nothing is in transition any more.
    private func serving(
        _ settings: HandoverSettings = HandoverSettings(), also lines: String = "", _ body: (Scene) async throws -> Void
    ) async throws {
        let scene = try Scene([FarmTexts.farm(mode: "dsr", also: lines)], handover: settings)
        for number in 1...4 { _ = scene.network.answer("10.0.0.\(number)", Self.macs[number - 1]) }
        try await scene.run { _ in
            try await until("all serve") { scene.kernel.reached(Self.listener) == Set(Self.macs.prefix(3)) }
            try await body(scene)
        }
    }

    private func drain(_ scene: Scene, _ backend: String = "b2") async throws {
        _ = try await scene.reconciler.override(farm: "web", backend: backend, .init(admin: "drain"), by: Scene.caller)
    }

    @Test func flowsThatWereThereGoOnWhileNewOnesGoElsewhere() async throws {
        try await serving { scene in
            try await drain(scene)
            #expect(scene.kernel.reached(Self.listener) == [Self.macs[0], Self.macs[2]])
            #expect(scene.kernel.reached(Self.listener, flags: .ack) == Set(Self.macs.prefix(3)))
        }
    }

    @Test func whatDiedIsHandedToOthersAtOnce() async throws {
        try await serving { scene in
            scene.prober.report(.down, of: "10.0.0.2:80")
            try await until("it is out") { scene.kernel.reached(Self.listener, flags: .ack) == [Self.macs[0], Self.macs[2]] }
            #expect(await scene.reconciler.status().handovers.isEmpty)
        }
    }

    @Test func aTransitionIsShown() async throws {
        try await serving { scene in
            let events = try await scene.reconciler.events(farm: "web")
            let before = await scene.reconciler.counters.transitions
            try await drain(scene)
            let shown = try #require(await scene.reconciler.status().handovers.first)
            #expect(shown.farm == "web" && (30...60).contains(shown.slots) && shown.since < shown.endsBy)
            #expect(try await scene.reconciler.farm("web").handover == shown)
            let event = try #require(await first(.handover, of: events))
            #expect(event.farm == "web" && event.message.hasPrefix("begun: \(shown.slots) slots move"))
            let metrics = await scene.reconciler.metrics()
            #expect(metrics.contains("\nzvnft_handover_slots{farm=\"web\"} \(shown.slots)\n"))
            #expect(metrics.contains("\nzvnft_handover_transitions_total \(before + 1)\n"))
            #expect(metrics.contains("\nzvnft_handover_flows{map=\"fresh4\"} 0\n"))
            #expect(metrics.contains("\nzvnft_handover_flows_limit{map=\"fresh4\"} 262144\n"))
        }
    }

    @Test func aTransitionEndsWhenItsOldPathIsQuietAndLeavesNothing() async throws {
        try await serving(Self.impatient) { scene in
            try await until("what the start brought is over") { await scene.reconciler.status().handovers.isEmpty }
            let steady = scene.kernel.ruleset
            let events = try await scene.reconciler.events(farm: "web")
            scene.kernel.change { $0.packets = { 1 } }
            try await drain(scene)
            _ = await first(.handover, of: events)
            try await until("it is over") { await scene.reconciler.status().handovers.isEmpty }
            #expect(await scene.reconciler.status().lastChange?.author == "handover")
            #expect(scene.kernel.batches.last?.operations.contains(.flushSet(.netdev, name: "fresh4")) == true)
            #expect(scene.kernel.reached(Self.listener, flags: .ack) == [Self.macs[0], Self.macs[2]])
            _ = try await scene.reconciler.override(farm: "web", backend: "b2", nil, by: Scene.caller)
            try await until("that is over too") { await scene.reconciler.status().handovers.isEmpty }
            #expect(scene.kernel.ruleset.batch(to: steady).isEmpty)
        }
    }

    @Test func aTransitionGoesOnWhileItsOldPathIsUsed() async throws {
        try await serving(Self.impatient) { scene in
            try await until("what the start brought is over") { await scene.reconciler.status().handovers.isEmpty }
            let started = ContinuousClock.now
            scene.kernel.change { $0.packets = { UInt64((ContinuousClock.now - started) / .milliseconds(1)) } }
            try await drain(scene)
            try await Task.sleep(for: .milliseconds(800))
            #expect(await !scene.reconciler.status().handovers.isEmpty)
            scene.kernel.change { $0.packets = { 1_000_000 } }
            try await until("it is over") { await scene.reconciler.status().handovers.isEmpty }
        }
    }

    @Test func countersThatCannotBeReadEndNothing() async throws {
        try await serving(Self.impatient) { scene in
            try await until("what the start brought is over") { await scene.reconciler.status().handovers.isEmpty }
            scene.kernel.change { $0.packets = nil }
            try await drain(scene)
            try await Task.sleep(for: .milliseconds(800))
            #expect(await !scene.reconciler.status().handovers.isEmpty)
        }
    }

    @Test func udpIsHeldThoughACheckForTcpIsPlannedLater() async throws {
        let settings = HandoverSettings(quiet: .seconds(60), limit: .seconds(600), udpHold: .milliseconds(300))
        let farm = FarmTexts.farm(mode: "dsr").replacing("[\"\(Self.listener)\"]", with: "[\"\(Self.listener)\", \"\(Self.listener)/udp\"]")
        let scene = try Scene([farm], handover: settings)
        for number in 1...3 { _ = scene.network.answer("10.0.0.\(number)", Self.macs[number - 1]) }
        try await scene.run { reconciler in
            try await until("all serve") { scene.kernel.reached(Self.listener) == Set(Self.macs.prefix(3)) }
            try await until("udp of the start is not held any more") {
                await !reconciler.desired.transitions.values.joined().contains { $0.kind == .held }
            }
            try await drain(scene)
            #expect(scene.kernel.reached(Self.listener, .udp) == Set(Self.macs.prefix(3)))
            try await until("udp has moved") { scene.kernel.reached(Self.listener, .udp) == [Self.macs[0], Self.macs[2]] }
            #expect(scene.kernel.reached(Self.listener, flags: .ack) == Set(Self.macs.prefix(3)), "tcp goes on")
        }
    }

    @Test func aChangeThatTheKernelRefusedBeginsNothing() async throws {
        try await serving { scene in
            let before = await scene.reconciler.desired.transitions
            scene.kernel.change { $0.refusals = [.noRoom] }
            await #expect(throws: Problem.self) { try await drain(scene) }
            #expect(await scene.reconciler.desired.transitions == before)
        }
    }

    @Test func aRestartGoesOnWithTheTransition() async throws {
        try await serving { scene in
            try await drain(scene)
            try await until("it is stored") { scene.store.text(.handovers)?.contains("10.0.0.2") == true }
            await scene.reconciler.saveVerdicts()
            let (before, batches) = (await scene.reconciler.desired.transitions, scene.kernel.batches.count)
            try await scene.restarted(answering: nil).run { next in
                #expect(await next.desired.transitions == before)
                #expect(scene.kernel.batches.count == batches, "there is nothing to send")
                #expect(await next.status().handovers.count == 1)
            }
        }
    }

    @Test func aBackendRemovedWhileNobodyLookedIsHandedOver() async throws {
        try await serving { scene in
            await scene.reconciler.saveVerdicts()
            try await until("the files are kept") { scene.store.text(.lastGood)?.contains("10.0.0.3") == true }
            scene.texts.replace(FarmTexts.farm(backends: 2, mode: "dsr"))
            try await scene.restarted(answering: nil).run { _ in
                #expect(scene.kernel.reached(Self.listener) == Set(Self.macs.prefix(2)))
                #expect(scene.kernel.reached(Self.listener, flags: .ack) == Set(Self.macs.prefix(3)))
            }
        }
    }

    @Test func stateThatCannotBeReadBackIsMadeUpForByTheKernel() async throws {
        try await serving { scene in
            try await drain(scene)
            await scene.reconciler.saveVerdicts()
            let moves = await scene.reconciler.desired.transitions["web"]?.first?.moves.mapValues(\.destination)
            scene.store.refuse(reading: [.handovers])
            try await scene.restarted(answering: nil).run { next in
                #expect(await next.desired.transitions["web"]?.first?.moves.mapValues(\.destination) == moves)
            }
        }
    }
}
