import ControlAPI
import FarmModel
import HealthPolicy
import NetTypes
import ReconcilePolicy
import Seams
import Testing

@testable import Reconciling

/// The policy in the hands of the reconciler: what it commits, tells and shows.
@Suite struct PolicyTests {
    private func reached(_ scene: Scene) -> Set<String> { scene.kernel.reached("203.0.113.10:80") }

    @Test func aPanicIsCommittedToldAndShown() async throws {
        let scene = try Scene(FarmTexts.farm(backends: 4))
        try await scene.run { reconciler in
            try await scene.settled()
            let events = try await reconciler.events(farm: "web")
            scene.prober.report(.down, of: "10.0.0.1:8080", "10.0.0.2:8080", "10.0.0.3:8080")
            let event = try #require(await first(.policy, of: events))
            #expect(event.state == "panic" && event.message.contains("1 of 4"))
            #expect(reached(scene).count == 4)
            #expect(await reconciler.status().panics == ["web"])
            let why = try await reconciler.why(farm: "web", backend: "b1")
            #expect(why.families.map(\.panic) == [true] && why.backends[0].findings.contains { $0.contains("used all the same") })
            #expect(why.backends[0].probe?.transitions.first?.verdict == "down")
            scene.prober.report(.down, of: "10.0.0.4:8080")
            try await until("nobody healthy is no panic") { reached(scene) == ["reject"] }
            #expect(try await reconciler.why(farm: "web", backend: nil).families.map(\.noBackend) == ["reject"])
            let lost = try #require(await first(.policy, of: events))
            #expect(lost.state == "panic-lost" && lost.message.contains("no backend is healthy any more"))
        }
    }

    @Test func aSlowStartIsBroughtToItsEnd() async throws {
        let scene = try Scene(FarmTexts.farm(backends: 4, also: "health: { slowStart: 3s }"))
        try await scene.run { reconciler in
            try await scene.settled()
            let whole = await reconciler.desired.compiledFarms["web"]?.slots
            scene.prober.report(.down, of: "10.0.0.1:8080")
            try await until("it is out") { !reached(scene).contains("10.0.0.1:8080") }
            let before = scene.kernel.batches.count
            scene.prober.report(.up, of: "10.0.0.1:8080")
            try await until("it is back") { reached(scene).contains("10.0.0.1:8080") }
            try await until("it has its weight") { await reconciler.desired.compiledFarms["web"]?.slots == whole }
            #expect(await scene.isCommitted())
            #expect((3...12).contains(scene.kernel.batches.count - before), "ten steps: \(scene.kernel.batches.count - before)")
        }
    }

    @Test func onDownDrainForgetsNothingAndResetEverything() async throws {
        let drain = FarmTexts.farm("drain", at: "203.0.113.11:80", backends: 3, also: "health: { onDown: drain }")
        let scene = try Scene(drain, FarmTexts.farm(backends: 3, also: "health: { onDown: reset, timeout: 900ms }"))
        try await scene.run { reconciler in
            try await scene.settled()
            scene.prober.report(.down, of: "10.0.0.2:8080")
            try await until("it is forgotten") { !scene.connections.walks.isEmpty }
            let address = IPAddress(v4: 0x0A00_0002)
            let entrance = DeadBackend.Entrance(address: IPAddress(v4: 0xCB00_710A), ports: [PortRange(80)].compactMap(\.self))
            let dead = DeadBackend(address: address, port: 8080, transport: .tcp, by: entrance, isReset: true)
            #expect(scene.connections.forgotten == [dead])
            #expect(scene.kernel.ruleset.text().contains("fallen-backends4"))
        }
    }

    @Test func filesOfMaintenanceTakeOutAndGiveBack() async throws {
        let scene = try Scene(FarmTexts.farm(backends: 3))
        try await scene.run { reconciler in
            try await scene.settled()
            await reconciler.set(maintenance: MaintenanceFiles([(name: "web@b1", note: "disk")]))
            #expect(reached(scene) == ["10.0.0.2:8080", "10.0.0.3:8080"])
            let why = try await reconciler.why(farm: "web", backend: "b1").backends[0]
            #expect(why.maintenanceFile == "web@b1" && why.findings == ["maintenance by the file maintenance.d/web@b1: disk"])
            await reconciler.set(maintenance: MaintenanceFiles())
            #expect(reached(scene).count == 3)
        }
    }

    @Test func allAtOnceIsSuspectedAndCleared() async throws {
        let scene = try Scene(FarmTexts.farm(backends: 5))
        try await scene.run { reconciler in
            try await scene.settled()
            scene.prober.report(.down, of: "10.0.0.1:8080", "10.0.0.2:8080", "10.0.0.3:8080", "10.0.0.4:8080", "10.0.0.5:8080")
            try await until("it is suspected") { await !reconciler.status().suspicions.isEmpty }
            #expect(await reconciler.status().suspicions.contains { $0.contains("all 5 probes of type tcp") })
            scene.prober.report(.up, of: "10.0.0.3:8080")
            try await until("it is cleared") { await reconciler.status().suspicions.isEmpty }
        }
    }

    @Test func whoFailsRealConnectionsIsEjected() async throws {
        let scene = try Scene(FarmTexts.farm(backends: 3, also: "health: { passive: { failures: 3, ejectTime: 1s } }"))
        try await scene.run { reconciler in
            try await scene.settled()
            #expect(scene.failures.watched == [IPAddress(v4: 0xCB00_710A)])
            let target = ConnectionTarget(
                listener: Endpoint(address: IPAddress(v4: 0xCB00_710A), port: 80),
                endpoint: Endpoint(address: IPAddress(v4: 0x0A00_0002), port: 8080), transport: .tcp)
            scene.failures.fail([target: FailureTally(refused: 2, unanswered: 1)])
            try await until("it is out") { reached(scene) == ["10.0.0.1:8080", "10.0.0.3:8080"] }
            let view = try await reconciler.backends(farm: "web", countingConnections: false).backends[1]
            #expect(view.health == "up" && view.reason.hasPrefix("ejected by passive detection until "))
            try await until("it is back") { reached(scene).count == 3 }
        }
    }

    @Test func anInitialStateServesBeforeTheFirstAnswer() async throws {
        let scene = try Scene(FarmTexts.farm(backends: 2, also: "health: { initialState: up }"), answering: nil)
        try await scene.run { reconciler in
            #expect(reached(scene).count == 2)
            let view = try await reconciler.backends(farm: "web", countingConnections: false).backends[0]
            #expect(view.health == "up" && view.reason == "initialState up, not probed yet")
        }
    }
}
