import FarmModel
import HealthPolicy
import NetTypes
import Ruleset
import Seams
import Testing

@testable import Reconciling

@Suite struct VerdictTests {
    private static let all: Set = ["10.0.0.1:8080", "10.0.0.2:8080", "10.0.0.3:8080"]

    private func dead(
        _ last: UInt8, _ transport: TransportProtocol = .tcp, port: UInt16? = 8080, at ports: PortRange? = PortRange(80)
    ) -> DeadBackend {
        let entrance = DeadBackend.Entrance(address: IPAddress(v4: 0xCB00_710A), ports: [ports].compactMap(\.self))
        return DeadBackend(address: IPAddress(v4: 0x0A00_0000 + UInt32(last)), port: port, transport: transport, by: entrance)
    }

    @Test func downMovesTheSlotsAndThenForgetsTheConnections() async throws {
        let scene = try Scene(FarmTexts.farm())
        try await scene.run { _ in
            try await scene.settled()
            scene.prober.report(.down, of: "10.0.0.2:8080")
            try await until("its connections are forgotten") { !scene.connections.walks.isEmpty }
            let walk = try #require(scene.connections.walks.first)
            #expect(walk.backends == [dead(2)])
            #expect(walk.reached == ["10.0.0.1:8080", "10.0.0.3:8080"])
            scene.prober.report(.up, of: "10.0.0.2:8080")
            try await until("it serves again") { scene.kernel.reached("203.0.113.10:80") == Self.all }
            #expect(scene.connections.walks.count == 1)
        }
    }

    @Test func aVerdictMovesOnlyTheSlotsOfItsBackend() async throws {
        let scene = try Scene(FarmTexts.farm(backends: 10))
        try await scene.run { _ in
            try await scene.settled()
            scene.prober.report(.down, of: "10.0.0.4:8080")
            try await until("it is out") { !scene.kernel.reached("203.0.113.10:80").contains("10.0.0.4:8080") }
            let flip = try #require(scene.kernel.batches.last)
            #expect((17...19).contains(flip.elementsAdded) && flip.elementsRemoved == flip.elementsAdded)
            scene.prober.report(.up, of: "10.0.0.4:8080")
            try await until("it is back") { scene.kernel.reached("203.0.113.10:80").contains("10.0.0.4:8080") }
            #expect(scene.kernel.batches.last?.elementsAdded == flip.elementsAdded)
        }
    }

    @Test func drainedByAnOperatorKeepsItsConnections() async throws {
        let scene = try Scene(FarmTexts.farm())
        try await scene.run { reconciler in
            try await scene.settled()
            _ = try await reconciler.override(farm: "web", backend: "b1", .init(admin: "drain"), by: Scene.caller)
            #expect(scene.kernel.reached("203.0.113.10:80") == ["10.0.0.2:8080", "10.0.0.3:8080"])
            scene.prober.report(.down, of: "10.0.0.2:8080")
            try await until("a dead one is forgotten") { !scene.connections.walks.isEmpty }
            #expect(scene.connections.forgotten == [dead(2)])
        }
    }

    @Test func eachListenersTransportAndPortIsForgotten() async throws {
        let farm = """
            farm: dns
            listen: ["203.0.113.10:53/udp", "203.0.113.10:53/tcp", "203.0.113.10:8000-8100/tcp"]
            backends: [{ name: b1, address: 10.0.0.1 }, { name: b2, address: 10.0.0.2, port: 53 }]
            """
        let scene = try Scene(farm)
        try await scene.run { _ in
            try await scene.settled()
            scene.prober.report(.down, of: "10.0.0.1:53", "10.0.0.2:53")
            try await until("both are forgotten") { !scene.connections.walks.isEmpty }
            let (dns, range) = (PortRange(53), PortRange(8000, 8100))
            let kept = [dead(1, .tcp, port: 53, at: dns), dead(1, .udp, port: 53, at: dns), dead(1, .tcp, port: nil, at: range)]
            let fixed = [dead(2, .tcp, port: 53, at: dns), dead(2, .udp, port: 53, at: dns), dead(2, .tcp, port: 53, at: range)]
            #expect(scene.connections.forgotten == Set(kept + fixed))
        }
    }

    @Test func whereNothingIsTrackedNothingIsForgotten() async throws {
        let scene = try Scene(
            FarmTexts.farm("direct", at: "203.0.113.20:80", backends: 2, mode: "dsr"), FarmTexts.farm(backends: 3))
        try await scene.run { reconciler in
            try await until("all are known") { await reconciler.status().backends.up == 5 }
            scene.prober.report(.down, of: "10.0.0.1:80")
            try await until("it is down") { await reconciler.status().backends.down == 1 }
            scene.prober.report(.down, of: "10.0.0.3:8080")
            try await until("the other is forgotten") { !scene.connections.walks.isEmpty }
            #expect(scene.connections.forgotten == [dead(3)])
        }
    }

    @Test(arguments: [[Verdict.down, .up], [.down, .up, .down], [.up, .down, .up, .down, .up]])
    func aBurstEndsInItsLastVerdict(verdicts: [Verdict]) async throws {
        let scene = try Scene(FarmTexts.farm(also: FarmTexts.noPanic))
        try await scene.run { reconciler in
            try await scene.settled()
            for verdict in verdicts { scene.prober.report(verdict, of: "10.0.0.1:8080") }
            // Taken in after all of the burst: one report at the end marks that it is.
            scene.prober.report(.down, of: "10.0.0.3:8080")
            try await until("the mark is in the kernel") { !scene.kernel.reached("203.0.113.10:80").contains("10.0.0.3:8080") }
            let isUp = verdicts.last == .up
            #expect(scene.kernel.reached("203.0.113.10:80").contains("10.0.0.1:8080") == isUp)
            #expect(await reconciler.status().backends.up == (isUp ? 2 : 1))
        }
    }

    @Test func aFlapOfManyEndsInWhatTheKernelHolds() async throws {
        let scene = try Scene(FarmTexts.farm(backends: 20))
        try await scene.run { reconciler in
            try await scene.settled()
            for round in 0..<10 {
                for backend in 1...20 { scene.prober.report((round + backend) % 2 == 0 ? .down : .up, of: "10.0.0.\(backend):8080") }
            }
            try await until("half are down") { await reconciler.status().backends.down == 10 }
            try await until("the kernel follows") { scene.kernel.reached("203.0.113.10:80").count == 10 }
            #expect(await scene.isCommitted())
            #expect(scene.kernel.batches.count < 150, "200 reports are not 200 commits")
        }
    }

    @Test func reportsAreCoalescedIntoOneCommit() async throws {
        let scene = try Scene(FarmTexts.farm(backends: 20))
        try await scene.reconciler.start()
        let before = scene.kernel.batches.count
        scene.prober.report(.down, of: "10.0.0.1:8080")
        scene.prober.report(.down, of: "10.0.0.2:8080", "10.0.0.3:8080")
        let handling = Task { await scene.reconciler.run() }
        try await until("they are in the kernel") { scene.kernel.reached("203.0.113.10:80").count == 17 }
        #expect(scene.kernel.batches.count == before + 1)
        scene.inbox.close()
        await handling.value
    }

    @Test func aDeathThatTheKernelTookLateIsForgottenAfterIt() async throws {
        let scene = try Scene(FarmTexts.farm())
        try await scene.run { reconciler in
            try await scene.settled()
            scene.kernel.change { $0.refusals = [.noRoom] }
            scene.prober.report(.down, of: "10.0.0.2:8080")
            try await until("the retry has worked") { await scene.isCommitted() && scene.kernel.state.withLock { $0.refusals.isEmpty } }
            try await until("its connections are forgotten") { !scene.connections.walks.isEmpty }
            // The last walk: what connected until the slots moved is half open too.
            try await until("they are forgotten after the commit") {
                scene.connections.walks.last?.reached == ["10.0.0.1:8080", "10.0.0.3:8080"]
            }
        }
    }

    @Test func aDeathWhoseCommitWasNotAnsweredIsForgottenWhenItIsFoundDone() async throws {
        let scene = try Scene(FarmTexts.farm())
        try await scene.run { _ in
            try await scene.settled()
            scene.kernel.change { $0.lostAnswer = .broken }
            scene.prober.report(.down, of: "10.0.0.2:8080")
            try await until("its connections are forgotten") { scene.connections.forgotten == [dead(2)] }
        }
    }

    @Test func whoIsBackBeforeTheKernelHadRoomIsNotForgotten() async throws {
        let scene = try Scene(FarmTexts.farm(also: FarmTexts.noPanic))
        try await scene.run { reconciler in
            try await scene.settled()
            scene.kernel.change { $0.standingRefusal = .noRoom }
            scene.prober.report(.down, of: "10.0.0.1:8080", "10.0.0.2:8080")
            try await until("it has failed") { await reconciler.status().drift }
            scene.prober.report(.up, of: "10.0.0.2:8080")
            try await until("it is known") { await reconciler.status().backends.up == 2 }
            scene.kernel.change { $0.standingRefusal = nil }
            try await until("the rest is forgotten") { !scene.connections.walks.isEmpty }
            #expect(scene.connections.forgotten == [dead(1)])
        }
    }

    @Test func aReportOfATargetThatNobodyAsksForChangesNothing() async throws {
        let scene = try Scene(FarmTexts.farm())
        try await scene.run { reconciler in
            try await scene.settled()
            let (batches, changes) = (scene.kernel.batches.count, await reconciler.counters.verdictChanges)
            let stranger = ProbeTarget(address: IPAddress(v4: 0x0A00_0099), port: 80, check: HealthCheck())
            scene.inbox.post([(target: stranger, verdict: .down, reason: "late", at: MonotonicInstant(nanoseconds: 0))])
            scene.prober.report(.down, of: "10.0.0.1:8080")
            try await until("what came after it is done") { scene.kernel.batches.count == batches + 1 }
            #expect(await reconciler.counters.verdictChanges == changes + 1)
            #expect(await reconciler.status().backends.total == 3)
        }
    }

    @Test func aVerdictIsAnEventWithItsReason() async throws {
        let scene = try Scene(FarmTexts.farm())
        try await scene.run { reconciler in
            try await scene.settled()
            let events = try await reconciler.events(farm: "web")
            scene.prober.report(.down, of: "10.0.0.2:8080")
            let event = try #require(await first(.verdict, of: events))
            #expect(event.farm == "web" && event.backend == "b2" && event.message == "down: found down")
        }
    }

    @Test func verdictsAreWrittenAtOnce() async throws {
        let scene = try Scene(FarmTexts.farm())
        try await scene.run { _ in
            try await scene.settled()
            scene.prober.report(.down, of: "10.0.0.2:8080")
            try await until("it is in the store") {
                let kept = scene.store.text(.verdicts).flatMap { VerdictFile(Array($0.utf8)) }
                return kept?.verdicts.contains { $0.key.contains("10.0.0.2:8080") && $0.value == .down } == true
            }
        }
    }
}
