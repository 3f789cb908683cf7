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

    /// All first answers have landed and are told. Returns the number of flights that it took.
    private func quiet(_ scene: Scene) async throws -> Int {
        try await scene.settled()
        let reconciler = scene.reconciler
        try await until("all has landed and is told") {
            let isLanded = await reconciler.flight == nil
            let isTold = await reconciler.telling.waiting.isEmpty
            return isLanded && isTold
        }
        return await reconciler.counters.flights
    }

    /// The kernel keeps the flight waiting that says that these are down.
    private func holdUp(_ endpoints: ArraySlice<String>, _ scene: Scene) async throws {
        scene.kernel.change { $0.isHeld = true }
        scene.prober.report(.down, of: endpoints)
        try await until("it is on its way") { await scene.reconciler.flight != nil }
    }

    private func serving(_ range: ClosedRange<Int>) -> Set<String> { Set(range.map { Self.endpoints[$0 - 1] }) }

    @Test func whatComesNextIsDecidedMeanwhile() async throws {
        let scene = try scene()
        try await scene.run { reconciler in
            let flights = try await quiet(scene)
            try await holdUp(Self.endpoints[0..<16], scene)
            #expect(await reconciler.farms().farms.first?.backends.healthy == 4, "the kernel holds up nobody who asks")
            #expect(scene.kernel.reached(Self.listener).count == 20)
            scene.prober.report(.down, of: Self.endpoints[16..<18])
            try await until("it is taken") { !scene.inbox.hasVerdicts }
            scene.kernel.change { $0.isHeld = false }
            try await until("both are in the kernel") { scene.kernel.reached(Self.listener) == serving(19...20) }
            try await until("all is settled") { await scene.isCommitted() }
            #expect(await reconciler.counters.flights == flights + 1)
            #expect(await reconciler.counters.verdictToKernel.count >= 18)
        }
        try await until("half-open connections of the dead are forgotten") { scene.connections.forgotten.count == 18 }
    }

    /// The second is made upon what the first brings, whether the kernel takes that or not.
    @Test(arguments: [nil, DriverError.stale, .noRoom]) func oneFollowsTheOther(refusal: DriverError?) async throws {
        let scene = try Scene([FarmTexts.farm(backends: 36, also: FarmTexts.noPanic)])
        let endpoints = (1...36).map { "10.0.0.\($0):8080" }
        try await scene.run { reconciler in
            let flights = try await quiet(scene)
            try await holdUp(endpoints[0..<16], scene)
            scene.prober.report(.down, of: endpoints[16..<32])
            try await until("the second is taken") { !scene.inbox.hasVerdicts }
            scene.kernel.change { kernel in
                kernel.refusals = [refusal].compactMap(\.self)
                kernel.isHeld = false
            }
            try await until("both are in the kernel") { scene.kernel.reached(Self.listener) == Set(endpoints[32...]) }
            try await until("all is settled") { await scene.isCommitted() }
            if refusal == nil { #expect(await reconciler.counters.flights == flights + 2) }
            #expect(await reconciler.counters.commitFailures == (refusal?.kind == .noRoom ? 1 : 0))
            try await until("their connections are forgotten") { scene.connections.forgotten.count == 32 }
        }
    }

    /// Who comes back while a commit that took it out is refused is not dead.
    @Test func whoIsBackMeanwhileIsNotForgotten() async throws {
        let scene = try scene()
        try await scene.run { reconciler in
            _ = try await quiet(scene)
            try await holdUp(Self.endpoints[0..<16], scene)
            scene.prober.report(.up, of: Self.endpoints[0..<1])
            try await until("it is taken") { !scene.inbox.hasVerdicts }
            scene.kernel.change { kernel in
                kernel.refusals = [.stale]
                kernel.isHeld = false
            }
            try await until("it is in the kernel") { scene.kernel.reached(Self.listener) == serving(17...20).union(serving(1...1)) }
            try await until("the others are forgotten") { !scene.connections.walks.isEmpty }
            #expect(scene.connections.forgotten.count == 15)
        }
    }

    /// What is told is what was decided, whatever has become of the farm.
    @Test func aSmallerFarmMeetsTheFlightOfALargerOne() async throws {
        let scene = try scene()
        try await scene.run { reconciler in
            _ = try await quiet(scene)
            try await holdUp(Self.endpoints[4..<20], scene)
            scene.texts.replace(FarmTexts.farm(backends: 4, also: FarmTexts.noPanic))
            async let applied = reconciler.apply(author: "test", force: true)
            while !scene.texts.isRead { await Task.yield() }
            scene.kernel.change { $0.isHeld = false }
            guard case .applied = await applied else {
                Issue.record("not applied")
                return
            }
            #expect(scene.kernel.reached(Self.listener) == serving(1...4))
            #expect(await scene.isCommitted())
        }
    }

    @Test func connectionsAreForgottenOnlyWhenTheKernelHasIt() async throws {
        let scene = try scene()
        try await scene.run { _ in
            _ = try await quiet(scene)
            scene.prober.report(.down, of: Self.endpoints[0..<16])
            try await until("they are forgotten") { !scene.connections.walks.isEmpty }
            #expect(scene.connections.walks.first?.reached == serving(17...20))
        }
    }

    @Test(arguments: [DriverError.noRoom, .stale]) func aRefusedFlightIsDecidedAgain(refusal: DriverError) async throws {
        let scene = try scene()
        try await scene.run { reconciler in
            let flights = try await quiet(scene)
            try await holdUp(Self.endpoints[0..<16], scene)
            scene.kernel.change { kernel in
                kernel.refusals = [refusal]
                kernel.isHeld = false
            }
            try await until("it is in the kernel all the same") { scene.kernel.reached(Self.listener) == serving(17...20) }
            try await until("all is settled") { await scene.isCommitted() }
            #expect(await !reconciler.status().drift)
            #expect(await reconciler.counters.flights == flights, "it did not arrive")
            try await until("they are forgotten") { scene.connections.forgotten.count == 16 }
        }
    }

    @Test func whatOthersHaveTakenAwayIsMended() async throws {
        let other = FarmTexts.farm("other", at: "203.0.113.11:80", backends: 2)
        let scene = try scene(also: "", other)
        try await scene.run { reconciler in
            let flights = try await quiet(scene)
            let set = try #require(scene.kernel.ruleset[.inet]?.sets.first { $0.name.hasPrefix("plain-") && $0.count > 0 })
            try scene.kernel.commitForeign(Batch([.deleteElements(.inet, set: set.name, set.type, set.elements)]))
            scene.prober.report(.down, of: Self.endpoints[2..<18])
            try await until("it is in the kernel") { scene.kernel.reached(Self.listener) == serving(1...2).union(serving(19...20)) }
            #expect(scene.kernel.reached("203.0.113.11:80") == serving(1...2))
            #expect(await reconciler.counters.flights == flights, "it did not arrive")
        }
    }

    @Test func anOperatorWaitsForTheFlightAndMeetsWhatItBrought() async throws {
        let scene = try scene()
        try await scene.run { reconciler in
            _ = try await quiet(scene)
            try await holdUp(Self.endpoints[0..<16], scene)
            async let drained = reconciler.override(farm: "web", backend: "b20", .init(admin: "drain"), by: Scene.caller)
            // Time to run into the flight: from outside nobody sees who waits for it.
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
            _ = try await quiet(scene)
            let events = reconciler.events.stream(farm: nil)
            let listening = Task {
                var told: [String: [String]] = [:]
                for await event in events where event.kind == .verdict {
                    told[event.backend ?? "", default: []].append(event.message)
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
            let expected = Dictionary(
                uniqueKeysWithValues: (1...16).map { ("b\($0)", ["down: found down", "up: found up", "down: found down"]) })
            #expect(await listening.value == expected)
        }
    }

    /// A handover is decided on what the kernel serves: nothing may be on its way then.
    @Test func farmsWithoutConntrackDoNotFly() async throws {
        let scene = try Scene([FarmTexts.farm(backends: 20, mode: "dsr", also: FarmTexts.noPanic)])
        for number in 1...20 { _ = scene.network.answer("10.0.0.\(number)", "02:00:00:00:00:\(number + 10)") }
        try await scene.run { reconciler in
            let flights = try await quiet(scene)
            let targets = await reconciler.desired.probeTargets.map(\.endpoint.description).sorted()
            scene.prober.report(.down, of: targets[0..<16])
            try await until("it is known") { await reconciler.desired.tallies["web"]?.up == 4 }
            try await until("it is in the kernel") { await scene.isCommitted() }
            #expect(await reconciler.counters.flights == flights)
        }
    }
}

extension DriverError {
    fileprivate static let stale = DriverError(kind: .staleGeneration, errno: 85, message: "another transaction came between")
}
