import FarmModel
import HealthPolicy
import NetTypes
import ReconcilePolicy
import Testing

/// A farm with its state, told in seconds.
struct PolicyScene {
    var state = DesiredState()
    let farm: Farm

    init(backends: Int = 4, startingUp: Bool = true, _ change: (inout Farm) -> Void = { _ in }) throws {
        let port = try #require(PortRange(8080))
        let servers = (1...backends).map { Backend(name: "b\($0)", address: IPAddress(v4: 0x0A00_0000 + UInt32($0)), port: port) }
        var farm = Farm(
            name: "web", listeners: [Listener(address: IPAddress(v4: 0xCB00_710A), transport: .tcp, ports: [try #require(PortRange(80))])],
            backends: servers)
        change(&farm)
        self.farm = farm
        state.now = instant(1)
        state.set(farms: [farm])
        if startingUp { state.set(verdicts: Dictionary(uniqueKeysWithValues: state.probeTargets.map { ($0, .up) })) }
    }

    mutating func turn(_ verdict: Verdict, _ names: String..., at second: Double) {
        state.now = MonotonicInstant(nanoseconds: Int64(second * 1e9))
        state.advancePolicy()
        let targets = farm.backends.filter { names.contains($0.name) }.compactMap { farm.probeTarget(of: $0) }
        state.set(verdicts: Dictionary(uniqueKeysWithValues: targets.map { ($0, verdict) }))
    }

    mutating func wait(until second: Double) {
        state.now = MonotonicInstant(nanoseconds: Int64(second * 1e9))
        state.advancePolicy()
    }

    /// Slots by the backend's name.
    var slots: [String: Int] {
        (state.compiledFarms["web"]?.slots[.ipv4] ?? []).reduce(into: [:]) { $0[farm.backends[Int($1)].name, default: 0] += 1 }
    }

    var used: Set<String> { Set(slots.keys) }
}

func instant(_ second: Int) -> MonotonicInstant { MonotonicInstant(nanoseconds: Int64(second) * 1_000_000_000) }

@Suite struct FarmHealthTests {
    @Test func belowTheThresholdAllAreUsedAndAboveItNot() throws {
        var scene = try PolicyScene()
        scene.turn(.down, "b1", "b2", at: 10)
        #expect(scene.used == ["b3", "b4"] && scene.state.health["web"]?.isPanicking == false)
        let calm = scene.slots
        scene.turn(.down, "b3", at: 11)
        #expect(scene.used == ["b1", "b2", "b3", "b4"])
        #expect(scene.state.peculiarities(of: scene.farm).panics[.ipv4] == .init(healthy: 1, counted: 4))
        scene.turn(.up, "b3", at: 12)
        #expect(scene.slots == calm)
        scene.turn(.down, "b3", "b4", at: 13)
        #expect(scene.slots.isEmpty, "nobody healthy: noBackend answers")
    }

    /// The healthy ones of a further tier are worth more than the dead of the first.
    @Test func inAPanicEveryTierHasItsShare() throws {
        var scene = try PolicyScene(backends: 20) { farm in for index in 10..<20 { farm.backends[index].priority = 2 } }
        scene.turn(.down, "b3", "b4", "b5", "b6", "b7", "b8", "b9", "b10", "b14", "b15", "b16", "b17", "b18", "b19", "b20", at: 10)
        #expect(scene.state.health["web"]?.isPanicking == true)
        #expect(scene.used.count == 20)
        #expect(scene.slots.values.allSatisfy { (8...9).contains($0) }, "\(scene.slots)")
    }

    /// A quorum that the first tier never reaches.
    @Test func belowTheQuorumTheNextTierHasItsShareOfTheFirst() throws {
        let scene = try PolicyScene(backends: 4) { farm in
            farm.quorum = 5
            farm.backends[3].priority = 2
        }
        #expect(scene.used.count == 4 && scene.slots.values.allSatisfy { (44...45).contains($0) }, "\(scene.slots)")
    }

    @Test func aSlowStartBringsSlotsBackStepByStepAndNeverAtTheStart() throws {
        var scene = try PolicyScene { $0.verdictPolicy.slowStart = .seconds(10) }
        let whole = scene.slots
        #expect(scene.state.nextPolicyChange == nil, "never at the start")
        scene.turn(.down, "b1", at: 20)
        scene.turn(.up, "b1", at: 30)
        var (counts, commits) = ([scene.slots["b1"] ?? 0], 0)
        while let next = scene.state.nextPolicyChange {
            scene.wait(until: Double(next.nanoseconds) / 1e9)
            (counts, commits) = (counts + [scene.slots["b1"] ?? 0], commits + 1)
        }
        #expect(commits == 10 && counts == counts.sorted() && counts[0] > 0 && counts[0] < counts[10] / 5)
        #expect(scene.slots == whole)
    }

    @Test func verdictsFromBeforeTheStartAreNoReturn() throws {
        var scene = try PolicyScene(startingUp: false) { $0.verdictPolicy.slowStart = .seconds(10) }
        let targets = scene.state.probeTargets
        scene.state.set(verdicts: Dictionary(uniqueKeysWithValues: targets.map { ($0, .down) }), areOld: true)
        scene.state.set(verdicts: Dictionary(uniqueKeysWithValues: targets.map { ($0, .up) }))
        #expect(scene.state.nextPolicyChange == nil && scene.farm.backends.allSatisfy { scene.state.ramp(of: $0, in: scene.farm) == 100 })
    }

    @Test func aFlapIsHeldUnlessNobodyElseIsLeft() throws {
        var scene = try PolicyScene(backends: 2) { $0.verdictPolicy.dampening = Dampening(hold: .seconds(10)) }
        scene.turn(.down, "b1", at: 10)
        scene.turn(.up, "b1", at: 20)
        scene.turn(.down, "b1", at: 30)
        scene.turn(.up, "b1", at: 40)
        #expect(scene.used == ["b2"])
        #expect(scene.state.standing(of: scene.farm.backends[0], in: scene.farm) == .held(until: instant(50)))
        scene.turn(.down, "b2", at: 42)
        #expect(scene.used == ["b1"], "held, and yet better than nobody")
        scene.turn(.up, "b2", at: 45)
        #expect(scene.used == ["b2"])
        scene.wait(until: 50)
        #expect(scene.used == ["b1", "b2"])
    }

    @Test func noMoreThanTheShareIsEjectedAndNeverTheLast() throws {
        var scene = try PolicyScene(backends: 20) { $0.passive = PassiveDetection(maxEject: 10) }
        let all = scene.farm.backends.map(\.name)
        scene.state.now = instant(10)
        #expect(scene.state.eject(all, of: "web") == ["b1", "b2"], "10 % of 20")
        #expect(scene.used.count == 18)
        scene.wait(until: 40)
        #expect(scene.used.count == 20, "they are back after 30 s")
        var two = try PolicyScene(backends: 2) { $0.passive = PassiveDetection() }
        #expect(two.state.eject(["b1", "b2"], of: "web") == ["b1"])
        #expect(two.used == ["b2"])
        var one = try PolicyScene(backends: 1) { $0.passive = PassiveDetection() }
        #expect(one.state.eject(["b1"], of: "web").isEmpty)
        var off = try PolicyScene(backends: 4)
        #expect(off.state.eject(["b1"], of: "web").isEmpty)
    }

    @Test(arguments: [(InitialState.up, 4), (.down, 0), (.lastKnown, 0)])
    func theInitialStateIsTheVerdictUntilTheFirstAnswer(state: InitialState, used: Int) throws {
        let scene = try PolicyScene(startingUp: false) { $0.verdictPolicy.initialState = state }
        #expect(scene.used.count == used)
        #expect(scene.state.hasUnknownVerdicts(of: scene.state.probeTargets) == (state == .lastKnown))
    }

    @Test func ofFarmsThatShareAProbeTheMostHopefulOneCounts() throws {
        for (first, second, verdict) in [
            (InitialState.down, InitialState.up, Verdict?.some(.up)), (.up, .down, .up), (.down, .lastKnown, nil), (.lastKnown, .down, nil),
            (.down, .down, .down),
        ] {
            let scene = try PolicyScene(startingUp: false) { $0.verdictPolicy.initialState = first }
            var (other, state) = (scene.farm, DesiredState())
            other.name = "other"
            other.verdictPolicy.initialState = second
            other.listeners[0].ports = [try #require(PortRange(81))]
            state.set(farms: [scene.farm, other])
            #expect(state.probeTargets.map { state.initialVerdict(of: $0) } == [verdict, verdict, verdict, verdict], "\(first), \(second)")
        }
    }

    @Test func filesTakeOutFarmsAndBackends() throws {
        var scene = try PolicyScene()
        let before = scene.slots
        #expect(scene.state.set(maintenance: MaintenanceFiles([(name: "web@b1", note: "new disk")])) == ["web"])
        #expect(scene.used == ["b2", "b3", "b4"])
        #expect(scene.state.admin(of: scene.farm.backends[0], in: scene.farm) == .maintenance)
        scene.state.set(maintenance: MaintenanceFiles([(name: "web", note: "")]))
        #expect(scene.used.isEmpty)
        scene.state.set(maintenance: MaintenanceFiles([(name: "web@nobody", note: ""), (name: "nothing", note: "")]))
        #expect(scene.slots == before)
        #expect(scene.state.maintenance.strangers(among: scene.state.farms) == ["nothing", "web@nobody"])
        #expect(
            MaintenanceFiles([(name: "web@[fd00::1]:80", note: "x")]).note(on: .init(farm: "web", backend: "[fd00::1]:80"))?.note == "x")
    }

    @Test func aFarmThatLeavesIsForgotten() throws {
        var scene = try PolicyScene { $0.verdictPolicy.slowStart = .seconds(10) }
        scene.turn(.down, "b1", at: 5)
        scene.turn(.up, "b1", at: 6)
        #expect(scene.state.nextPolicyChange != nil)
        scene.state.set(farms: [])
        #expect(scene.state.nextPolicyChange == nil && scene.state.health.isEmpty)
    }

    @Test func whatBeginsAndEndsIsToldOnce() throws {
        var scene = try PolicyScene()
        scene.turn(.down, "b1", "b2", "b3", at: 10)
        let panic = scene.state.peculiarities(of: scene.farm)
        let began = panic.notices(since: FarmPeculiarities()) { "\($0)" }
        #expect(began.map(\.state) == ["panic"] && began[0].words == "panic: 1 of 4 backends healthy; all are used")
        #expect(panic.notices(since: panic) { "\($0)" }.isEmpty)
        #expect(FarmPeculiarities().notices(since: panic) { "\($0)" }.map(\.state) == ["panic-over"])
        #expect(scene.state.takeJudged() == ["web"] && scene.state.takeJudged().isEmpty)
    }

    /// Step by step: who goes down or up, and what is told then.
    @Test(arguments: [
        "d123=panic u1=panic-over", "d123=panic d4=panic-lost u1=panic u2=panic-over", "d123=panic d4=panic-lost u1234=panic-over",
        "d1234= u1234=", "d1234= u1=panic",
    ])
    func aPanicIsOverOnlyWhenEnoughAreHealthy(_ story: String) throws {
        var scene = try PolicyScene()
        var told = FarmPeculiarities()
        for (second, words) in story.split(separator: " ").enumerated() {
            let (step, state) = (words.prefix { $0 != "=" }, String(words.drop { $0 != "=" }.dropFirst()))
            scene.state.now = instant(10 + second)
            let targets = step.dropFirst().compactMap { number in scene.farm.backends.first { $0.name == "b\(number)" } }
                .compactMap { scene.farm.probeTarget(of: $0) }
            scene.state.set(verdicts: Dictionary(uniqueKeysWithValues: targets.map { ($0, step.hasPrefix("d") ? .down : .up) }))
            let now = scene.state.peculiarities(of: scene.farm).following(told)
            let notices = now.notices(since: told) { "\($0)" }
            #expect(notices.map(\.state) == (state.isEmpty ? [] : [state]), "\(story): \(step)")
            if state == "panic-lost" { #expect(notices.first?.words.hasSuffix("noBackend answers (reject)") == true) }
            told = now
        }
    }
}
