import ControlAPI
import FarmModel
import NetTypes
import Seams
import Testing

@testable import Reconciling

@Suite struct ViewTests {
    /// dsr leaves by the device that it chooses itself.
    @Test(arguments: ["dnat": true, "snat": true, "dsr": false])
    func whyTellsOfAHostThatForwardsNothing(mode: String, isTold: Bool) async throws {
        let scene = try Scene(FarmTexts.farm(mode: mode))
        scene.network.set(isForwarding: false)
        try await scene.run { reconciler in
            let findings = try await reconciler.why(farm: "web", backend: "b1").backends[0].findings
            #expect(findings.contains { $0.contains("does not forward (net.ipv4.ip_forward=0)") } == isTold, "\(findings)")
            scene.network.set(isForwarding: true)
            await reconciler.lookForForwarding()
            let later = try await reconciler.why(farm: "web", backend: "b1").backends[0].findings
            #expect(!later.contains { $0.contains("forward") })
        }
    }

    @Test func statesOfAFarm() async throws {
        let scene = try Scene(FarmTexts.farm(backends: 2), FarmTexts.farm("paused", at: "203.0.113.11:80", also: "state: maintenance"))
        try await scene.run { reconciler in
            try await scene.settled()
            #expect(try await reconciler.farm("web").farm.state == .up)
            #expect(try await reconciler.farm("paused").farm.state == .maintenance)
            scene.prober.report(.down, of: "10.0.0.1:8080")
            try await until("one is down") { try await reconciler.farm("web").farm.state == .degraded }
            #expect(try await reconciler.farm("web").farm.backends == .init(total: 2, healthy: 1, used: 1))
            scene.prober.report(.down, of: "10.0.0.2:8080")
            try await until("both are down") { try await reconciler.farm("web").farm.state == .down }
            let status = await reconciler.status()
            #expect(status.farms == .init(total: 2, up: 0, degraded: 0, down: 1))
            #expect(status.version == "test" && status.generation == scene.kernel.state.withLock { $0.kernel.generation })
        }
    }

    @Test func eventsOfAFarmThatIsNotThereAreNotWaitedFor() async throws {
        let scene = try Scene(FarmTexts.farm())
        try await scene.run { reconciler in
            let problem = await #expect(throws: Problem.self) { try await reconciler.events(farm: "wbe") }
            #expect(problem?.status == 404)
        }
    }

    /// Nothing conflicts, and no name is wrong: there is nothing that could be deleted.
    @Test func aFarmWithoutPersistenceHasNoSessionsToDelete() async throws {
        let scene = try Scene(FarmTexts.farm())
        try await scene.run { reconciler in
            let problem = await #expect(throws: Problem.self) {
                try await reconciler.deleteSessions(farm: "web", client: nil, backend: nil, by: Scene.caller)
            }
            #expect(problem?.status == 422 && problem?.detail.contains("no persistence") == true)
        }
    }

    @Test func aFarmThatAnOperatorThinsOutIsNotDegraded() async throws {
        let scene = try Scene(FarmTexts.farm(backends: 2))
        try await scene.run { reconciler in
            try await scene.settled()
            _ = try await reconciler.override(farm: "web", backend: "b1", .init(admin: "drain"), by: Scene.caller)
            #expect(try await reconciler.farm("web").farm.state == .up)
            _ = try await reconciler.override(farm: "web", backend: "b2", .init(weight: 0), by: Scene.caller)
            #expect(try await reconciler.farm("web").farm.state == .down)
        }
    }

    @Test func aFarmWithOneFamilyLeftIsDegraded() async throws {
        let farm = """
            farm: dual
            listen: ["203.0.113.10:80", "[2001:db8::10]:80"]
            backends: [{ name: a4, address: 10.0.0.1, port: 8080 }, { name: a6, address: "fd00::1", port: 8080 }]
            """
        let scene = try Scene(farm)
        try await scene.run { reconciler in
            try await scene.settled()
            #expect(try await reconciler.farm("dual").backends.map(\.share) == [1, 1])
            scene.prober.report(.down, of: "[fd00::1]:8080")
            try await until("it is degraded") { try await reconciler.farm("dual").farm.state == .degraded }
        }
    }

    @Test func sharesFollowWeights() async throws {
        let farm = """
            farm: web
            listen: ["203.0.113.10:80"]
            backends:
              - { name: big, address: 10.0.0.1, port: 80, weight: 5 }
              - { name: middle, address: 10.0.0.2, port: 80, weight: 3 }
              - { name: small, address: 10.0.0.3, port: 80, weight: 2 }
              - { name: spare, address: 10.0.0.4, port: 80, priority: 2 }
            """
        let scene = try Scene(farm)
        try await scene.run { reconciler in
            try await scene.settled()
            let backends = try await reconciler.backends(farm: "web", countingConnections: false).backends
            for (backend, share) in zip(backends, [0.5, 0.3, 0.2, 0]) { #expect(abs(backend.share - share) <= 0.01, "\(backend.name)") }
            #expect(backends.map(\.name) == ["big", "middle", "small", "spare"])
            #expect(backends.allSatisfy { $0.connections == nil })
        }
    }

    @Test func reasonsSayWhatKeepsABackendOut() async throws {
        let farm = """
            farm: web
            listen: ["203.0.113.10:80"]
            backends:
              - { name: b1, address: 10.0.0.1, port: 80 }
              - { name: b2, address: 10.0.0.2, port: 80 }
              - { name: b3, address: 10.0.0.3, port: 80, state: drain }
              - { name: b4, address: 10.0.0.4, port: 80, state: maintenance }
              - { name: b5, address: 10.0.0.5, port: 80, weight: 0 }
              - { name: b6, address: 10.0.0.6, port: 80, health: { type: none } }
            """
        let scene = try Scene(farm)
        try await scene.run { reconciler in
            try await scene.settled()
            scene.prober.report(.down, of: "10.0.0.2:80")
            try await until("it is down") { await reconciler.status().backends.down == 1 }
            let backends = try await reconciler.farm("web").backends
            #expect(backends.map(\.reason) == ["found up", "found down", "drain", "maintenance", "weight 0", "not probed"])
            #expect(backends.map(\.admin) == ["ready", "ready", "drain", "maintenance", "ready", "ready"])
            #expect(backends.map(\.health) == ["up", "down", "up", "up", "up", "up"])
            #expect(backends.map(\.effectiveWeight) == [1, 0, 0, 0, 0, 1])
            #expect(backends[0].since != nil && backends[5].since == nil)
        }
    }

    @Test func beforeItsFirstProbeABackendIsUnknown() async throws {
        let scene = try Scene(FarmTexts.farm(backends: 1), answering: nil)
        try await scene.run { reconciler in
            let backend = try #require(try await reconciler.farm("web").backends.first)
            #expect(backend.health == "unknown" && backend.reason == "not probed yet" && backend.share == 0)
            #expect(await reconciler.status().backends.unknown == 1)
        }
    }

    @Test func aFarmIsFoundInItsFile() async throws {
        let scene = try Scene(FarmTexts.farms(1)[0], FarmTexts.farm())
        try await scene.run { reconciler in
            let detail = try await reconciler.farm("web")
            #expect(detail.source == "1.yaml:1")
            #expect(detail.farm.listen == ["203.0.113.10:80/tcp"] && detail.farm.mode == "dnat" && detail.farm.scheduler == "maglev")
            #expect(detail.farm.tableSize == 179)
            #expect(await reconciler.farms().farms.map(\.name) == ["f0", "web"])
            #expect(await #expect(throws: Problem.self) { try await reconciler.farm("nowhere") }?.status == 404)
        }
    }

    @Test func aFarmThatMovesInItsFileIsFoundThere() async throws {
        let scene = try Scene(FarmTexts.farm())
        try await scene.run { reconciler in
            try await scene.settled()
            let before = scene.kernel.batches.count
            scene.texts.replace("# moved\n\n" + FarmTexts.farm())
            _ = await reconciler.apply(author: "files")
            #expect(try await reconciler.farm("web").source == "0.yaml:3")
            #expect(scene.kernel.batches.count == before)
        }
    }

    @Test func connectionsAreCountedByListener() async throws {
        let scene = try Scene(FarmTexts.farm(), FarmTexts.farm("other", at: "203.0.113.11:80"))
        func target(_ listener: String, _ backend: String, _ transport: TransportProtocol = .tcp) throws -> ConnectionTarget {
            .init(listener: try #require(Endpoint(listener)), endpoint: try #require(Endpoint(backend)), transport: transport)
        }
        scene.connections.hold([
            try target("203.0.113.10:80", "10.0.0.1:8080"): 7, try target("203.0.113.11:80", "10.0.0.1:8080"): 2,
            try target("203.0.113.10:80", "10.0.0.1:9090"): 100, try target("203.0.113.10:80", "10.0.0.2:8080", .udp): 50,
        ])
        try await scene.run { reconciler in
            let web = try await reconciler.backends(farm: "web", countingConnections: true).backends
            #expect(web.map(\.connections) == [7, 0, 0])
            let all = try await reconciler.backends(farm: nil, countingConnections: true).backends
            #expect(all.map { $0.connections ?? -1 } == [2, 0, 0, 7, 0, 0])
            scene.connections.hold(nil)
            let problem = await #expect(throws: Problem.self) { try await reconciler.backends(farm: nil, countingConnections: true) }
            #expect(problem?.status == 503)
        }
    }

    @Test func rulesAreTextOfWhatIsCommitted() async throws {
        let scene = try Scene(FarmTexts.farm(), FarmTexts.farm("other", at: "203.0.113.11:80"))
        try await scene.run { reconciler in
            try await scene.settled()
            let all = try await reconciler.rules(farm: nil).text
            #expect(all.contains("table inet zvnft") && all.contains("203.0.113.10 . tcp . 80") && all.contains("203.0.113.11"))
            let one = try await reconciler.rules(farm: "web").text
            #expect(one.contains("203.0.113.10") && !one.contains("203.0.113.11"))
            #expect(await #expect(throws: Problem.self) { try await reconciler.rules(farm: "nowhere") }?.status == 404)
        }
    }

    @Test func rulesOfAFarmAreItsOwnAfterARestartToo() async throws {
        let scene = try Scene(FarmTexts.farm(), FarmTexts.farm("other", at: "203.0.113.11:80"))
        var before = ""
        try await scene.run { reconciler in
            try await scene.settled()
            before = try await reconciler.rules(farm: "web").text
            await reconciler.saveVerdicts()
        }
        try await scene.restarted().run { reconciler in
            let now = try await reconciler.rules(farm: "web").text
            #expect(now == before)
        }
    }
}
