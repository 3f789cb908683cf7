import FarmModel
import NetTypes
import Seams
import Testing

@testable import Reconciling

/// dsr: frames go where the neighbour table says.
@Suite struct DirectReturnTests {
    private static let listener = "203.0.113.10:80"
    private static let first = "02:00:00:00:00:01"
    private static let second = "02:00:00:00:00:02"

    private func scene() throws -> Scene { try Scene(FarmTexts.farm(backends: 2, mode: "dsr")) }

    /// Both backends are up and have answered on the link.
    private func serving(_ body: (Scene) async throws -> Void) async throws {
        let scene = try scene()
        try await scene.run { _ in
            scene.post(scene.network.answer("10.0.0.1", Self.first), scene.network.answer("10.0.0.2", Self.second))
            try await until("both serve") { scene.kernel.reached(Self.listener) == [Self.first, Self.second] }
            try await body(scene)
        }
    }

    @Test func aBackendJoinsWhenItAnswersOnTheLink() async throws {
        let scene = try scene()
        try await scene.run { reconciler in
            try await until("both are known to be up") { await reconciler.status().backends.up == 2 }
            #expect(scene.kernel.reached(Self.listener) == ["reject"])
            let detail = try await reconciler.farm("web")
            #expect(detail.farm.state == .down)
            #expect(detail.backends.allSatisfy { $0.reason.contains("no neighbour") && $0.effectiveWeight == 0 })
            let events = try await reconciler.events(farm: nil)
            scene.post(scene.network.answer("10.0.0.2", Self.second))
            try await until("it serves") { scene.kernel.reached(Self.listener) == [Self.second] }
            #expect(await ReconcilingTests.first(.neighbour, of: events)?.message == "10.0.0.2 is at \(Self.second)")
            #expect(try await reconciler.farm("web").farm.state == .degraded)
        }
    }

    @Test func whoHasNotAnsweredIsAskedFor() async throws {
        let scene = try scene()
        _ = scene.network.answer("10.0.0.1", Self.first)
        try await scene.run { _ in
            #expect(Set(scene.network.asked.map(\.description)) == ["10.0.0.2"])
            try await until("who answered before the start serves") { scene.kernel.reached(Self.listener) == [Self.first] }
        }
    }

    @Test func whoStillHasNotAnsweredIsAskedForAgain() async throws {
        let scene = try scene()
        try await scene.run { reconciler in
            let before = scene.network.asked.count
            let asking = Task { await reconciler.askForNeighbours() }
            try await until("it is asked for again") { scene.network.asked.count > before }
            asking.cancel()
            await asking.value
        }
    }

    @Test func aNewMACIsInTheKernelByOneCommit() async throws {
        try await serving { scene in
            let before = scene.kernel.batches.count
            scene.post(scene.network.answer("10.0.0.2", "02:00:00:00:00:22"))
            try await until("frames follow") { scene.kernel.reached(Self.listener) == [Self.first, "02:00:00:00:00:22"] }
            #expect(scene.kernel.batches.count == before + 1)
            #expect(await scene.reconciler.status().lastChange?.author == "neighbour")
        }
    }

    /// Entries age; whether the backend lives is for the probes to say.
    @Test func anEntryThatIsGoneIsAskedForWhileTheLastAnswerStands() async throws {
        try await serving { scene in
            let (before, asked) = (scene.kernel.batches.count, scene.network.asked.count)
            scene.post(scene.network.answer("10.0.0.2", nil))
            try await until("it is asked for") { scene.network.asked.count > asked }
            #expect(scene.network.asked.last?.description == "10.0.0.2")
            #expect(scene.kernel.reached(Self.listener) == [Self.first, Self.second])
            #expect(scene.kernel.batches.count == before)
            scene.post(scene.network.answer("10.0.0.2", "02:00:00:00:00:22"))
            try await until("the new answer counts") { scene.kernel.reached(Self.listener) == [Self.first, "02:00:00:00:00:22"] }
        }
    }

    @Test func anAnswerThatIsNoNewsCostsNothing() async throws {
        try await serving { scene in
            let before = scene.kernel.batches.count
            let events = try await scene.reconciler.events(farm: nil)
            scene.post(scene.network.answer("10.0.0.2", Self.second), .linkGone(index: 99))
            for await event in events {
                #expect(event.kind == .link)
                break
            }
            #expect(scene.kernel.batches.count == before)
        }
    }

    @Test func aLinkThatIsDownTakesItsBackendsOut() async throws {
        try await serving { scene in
            let events = try await scene.reconciler.events(farm: nil)
            scene.network.set(isUp: false)
            scene.post(.link(scene.network.link))
            #expect(await ReconcilingTests.first(.link, of: events)?.message == "eth1 is down")
            #expect(try await scene.reconciler.farm("web").farm.state == .down)
            #expect(await scene.isCommitted())
            scene.network.set(isUp: true)
            scene.post(.link(scene.network.link))
            try await until("they are back") { scene.kernel.reached(Self.listener) == [Self.first, Self.second] }
        }
    }

    @Test func aNetworkThatCannotBeReadTakesNobodyOut() async throws {
        try await serving { scene in
            scene.network.set(isReadable: false)
            let events = try await scene.reconciler.events(farm: nil)
            scene.post(.routes, .overrun(.network), .linkGone(index: 99))
            _ = try #require(await ReconcilingTests.first(.link, of: events))
            #expect(scene.kernel.reached(Self.listener) == [Self.first, Self.second])
        }
    }

    @Test func lostNoticesOfTheNetworkAreMadeUpFor() async throws {
        try await serving { scene in
            _ = scene.network.answer("10.0.0.2", "02:00:00:00:00:22")
            scene.post(.overrun(.network))
            try await until("frames follow") { scene.kernel.reached(Self.listener) == [Self.first, "02:00:00:00:00:22"] }
        }
    }

    @Test func neighboursOfOthersAreNoBusinessOfOurs() async throws {
        try await serving { scene in
            let before = scene.kernel.batches.count
            let events = try await scene.reconciler.events(farm: nil)
            scene.post(scene.network.answer("10.0.0.77", "02:00:00:00:00:77"), .linkGone(index: 99))
            let event = await ReconcilingTests.first(.link, of: events)
            #expect(event?.message == "device 99 is gone")
            #expect(scene.kernel.batches.count == before)
        }
    }

    @Test func aFarmThatTurnsToDirectReturnFindsItsNeighbours() async throws {
        let scene = try Scene(FarmTexts.farm(backends: 2))
        try await scene.run { reconciler in
            try await scene.settled()
            for (address, mac) in [("10.0.0.1", Self.first), ("10.0.0.2", Self.second)] { _ = scene.network.answer(address, mac) }
            scene.texts.replace(FarmTexts.farm(backends: 2, mode: "dsr"))
            _ = await reconciler.apply(author: "files")
            try await until("frames go there") { scene.kernel.reached(Self.listener) == [Self.first, Self.second] }
        }
    }

    /// The network is read anew for files; what it said must not be lost with them.
    @Test func aNewMACIsFollowedThoughTheFilesOfThatMomentWereRefused() async throws {
        try await serving { scene in
            let notice = scene.network.answer("10.0.0.2", "02:00:00:00:00:22")
            scene.kernel.change { $0.refusals = [.noRoom] }
            scene.texts.replace(FarmTexts.farm(backends: 2, mode: "dsr"), FarmTexts.farm("more", at: "203.0.113.11:80", mode: "dsr"))
            _ = await scene.reconciler.apply(author: "files")
            scene.texts.replace("farm: [")
            scene.post(notice)
            try await until("frames follow") {
                scene.kernel.reached(Self.listener) == [Self.first, "02:00:00:00:00:22"]
            }
        }
    }

    @Test func aDrainedOneIsNotPutBackByItsNeighbourEntry() async throws {
        try await serving { scene in
            _ = try await scene.reconciler.override(farm: "web", backend: "b2", .init(admin: "drain"), by: Scene.caller)
            scene.post(scene.network.answer("10.0.0.2", "02:00:00:00:00:22"), scene.network.answer("10.0.0.1", "02:00:00:00:00:11"))
            try await until("the other's MAC is in the kernel") { scene.kernel.reached(Self.listener) == ["02:00:00:00:00:11"] }
        }
    }
}
