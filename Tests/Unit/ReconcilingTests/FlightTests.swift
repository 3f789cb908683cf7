import ControlAPI
import FarmModel
import Ruleset
import Seams
import Testing

@testable import Reconciling

/// Verdicts by the dozen are carried to the kernel by a thread of their own.
@Suite(.timeLimit(.minutes(1))) struct FlightTests {
    private static let endpoints = (1...20).map { "10.0.0.\($0):8080" }
    private static let listener = "203.0.113.10:80"

    private func scene(also lines: String = "", _ others: String...) throws -> Scene {
        try Scene([FarmTexts.farm(backends: 20, also: FarmTexts.noPanic + lines)] + others)
    }

    private func serving(_ range: ClosedRange<Int>) -> Set<String> { Set(range.map { Self.endpoints[$0 - 1] }) }

    @Test func whatComesNextIsDecidedMeanwhile() async throws {
        let scene = try scene()
        try await scene.run { reconciler in
            try await scene.settled()
            scene.kernel.change { $0.isHeld = true }
            scene.prober.report(.down, of: Self.endpoints[0..<16])
            try await until("it is on its way") { await reconciler.flight != nil }
            #expect(await reconciler.farms().farms.first?.backends.healthy == 4, "the kernel holds up nobody who asks")
            #expect(scene.kernel.reached(Self.listener).count == 20)
            scene.prober.report(.down, of: Self.endpoints[16..<18])
            try await until("it is taken") { !scene.inbox.hasVerdicts }
            scene.kernel.change { $0.isHeld = false }
            try await until("both are in the kernel") { scene.kernel.reached(Self.listener) == serving(19...20) }
            try await until("all is settled") { await scene.isCommitted() }
            #expect(await reconciler.counters.verdictToKernel.count >= 2)
        }
        try await until("half-open connections of the dead are forgotten") { scene.connections.forgotten.count == 18 }
    }

    @Test func connectionsAreForgottenOnlyWhenTheKernelHasIt() async throws {
        let scene = try scene()
        try await scene.run { _ in
            try await scene.settled()
            scene.prober.report(.down, of: Self.endpoints[0..<16])
            try await until("they are forgotten") { !scene.connections.walks.isEmpty }
            #expect(scene.connections.walks.first?.reached == serving(17...20))
        }
    }

    @Test(arguments: [DriverError.noRoom, .stale]) func aRefusedFlightIsDecidedAgain(refusal: DriverError) async throws {
        let scene = try scene()
        try await scene.run { reconciler in
            try await scene.settled()
            scene.kernel.change { $0.refusals = [refusal] }
            scene.prober.report(.down, of: Self.endpoints[0..<16])
            try await until("it is in the kernel all the same") { scene.kernel.reached(Self.listener) == serving(17...20) }
            try await until("all is settled") { await scene.isCommitted() }
            #expect(await !reconciler.status().drift)
            try await until("they are forgotten") { scene.connections.forgotten.count == 16 }
        }
    }

    @Test func whatOthersHaveTakenAwayIsMended() async throws {
        let other = FarmTexts.farm("other", at: "203.0.113.11:80", backends: 2)
        let scene = try scene(also: "", other)
        try await scene.run { _ in
            try await scene.settled()
            let set = try #require(scene.kernel.ruleset[.inet]?.sets.first { $0.name.hasPrefix("plain-") && $0.count > 0 })
            try scene.kernel.commitForeign(Batch([.deleteElements(.inet, set: set.name, set.type, set.elements)]))
            scene.prober.report(.down, of: Self.endpoints[2..<18])
            try await until("it is in the kernel") { scene.kernel.reached(Self.listener) == serving(1...2).union(serving(19...20)) }
            #expect(scene.kernel.reached("203.0.113.11:80") == serving(1...2))
        }
    }

    @Test func anOperatorWaitsForTheFlightAndMeetsWhatItBrought() async throws {
        let scene = try scene()
        try await scene.run { reconciler in
            try await scene.settled()
            scene.kernel.change { $0.isHeld = true }
            scene.prober.report(.down, of: Self.endpoints[0..<16])
            try await until("it is on its way") { await reconciler.flight != nil }
            async let drained = reconciler.override(farm: "web", backend: "b20", .init(admin: "drain"), by: Scene.caller)
            try await Task.sleep(for: .milliseconds(5))
            scene.kernel.change { $0.isHeld = false }
            #expect(try await drained.admin == "drain")
            #expect(scene.kernel.reached(Self.listener) == serving(17...19))
            #expect(await scene.isCommitted())
        }
    }

    @Test func everyVerdictIsToldOnceInTheOrderOfItsBackend() async throws {
        let scene = try scene()
        try await scene.run { reconciler in
            try await scene.settled()
            try await until("what came first is told") { await reconciler.telling.waiting.isEmpty }
            let events = reconciler.events.stream(farm: nil)
            let listening = Task {
                var told: [String: [String]] = [:]
                for await event in events where event.kind == .verdict {
                    told[event.backend ?? "", default: []].append(event.state ?? "")
                    if told.values.reduce(0, { $0 + $1.count }) == 3 * 16 { break }
                }
                return told
            }
            for verdict in [Verdict.down, .up, .down] {
                scene.prober.report(verdict, of: Self.endpoints[0..<16])
                try await until("it is in the kernel") {
                    scene.kernel.reached(Self.listener) == (verdict == .down ? serving(17...20) : serving(1...20))
                }
            }
            let expected = Dictionary(uniqueKeysWithValues: (1...16).map { ("b\($0)", ["down", "up", "down"]) })
            #expect(await listening.value == expected)
        }
    }

    /// A handover is decided on what the kernel serves: nothing may be on its way then.
    @Test func farmsWithoutConntrackDoNotFly() async throws {
        let scene = try Scene([FarmTexts.farm(backends: 20, mode: "dsr", also: FarmTexts.noPanic)])
        for number in 1...20 { _ = scene.network.answer("10.0.0.\(number)", "02:00:00:00:00:\(number + 10)") }
        try await scene.run { reconciler in
            try await scene.settled()
            let targets = await reconciler.desired.probeTargets.map(\.endpoint.description).sorted()
            scene.kernel.change { $0.isHeld = true }
            scene.prober.report(.down, of: targets[0..<16])
            try await Task.sleep(for: .milliseconds(20))
            scene.kernel.change { $0.isHeld = false }
            try await until("it is in the kernel") { await scene.isCommitted() }
            #expect(await reconciler.flight == nil)
            #expect(await reconciler.counters.verdictToKernel.count > 0)
        }
    }
}

extension DriverError {
    fileprivate static let stale = DriverError(kind: .staleGeneration, errno: 85, message: "another transaction came between")
}

extension FakeProber {
    fileprivate func report(_ verdict: Verdict, of endpoints: ArraySlice<String>) {
        report(targets.keys.filter { endpoints.contains($0.endpoint.description) }, verdict)
    }
}
