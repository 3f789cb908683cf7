import FarmModel
import HealthPolicy
import NetTypes
import ReconcilePolicy
import Testing

/// The whole policy under random verdicts, with what has to hold at every moment. A failure names its seed.
@Suite struct PolicySimulationTests {
    @Test(arguments: Array(UInt64(1)...40)) func whatHasToHoldHolds(seed: UInt64) throws {
        var run = try PolicyRun(seed: seed)
        for step in 0..<300 {
            run.step()
            let faults = run.faults()
            #expect(faults.isEmpty, "seed \(seed), step \(step): \(faults)")
            guard faults.isEmpty else { return }
        }
        run.settle()
        #expect(run.faults().isEmpty && run.isWhole, "seed \(seed): when all are up and time has passed, nothing is left of it")
    }
}

private struct PolicyRun {
    private var random: SplitMix
    private var scene: PolicyScene
    private var now: Int64 = 1_000_000_000
    private var verdicts: [String: Verdict] = [:]
    /// Returns to service by backend, for the bound on flapping.
    private var returns: [String: [Int64]] = [:]
    private var served: Set<String> = []
    private let whole: [String: Int]

    init(seed: UInt64) throws {
        var random = SplitMix(state: seed)
        let count = Int.random(in: 1...12, using: &random)
        scene = try PolicyScene(backends: count) { farm in
            farm.panicThreshold = [0, 30, 50, 100].randomElement(using: &random) ?? 0
            farm.quorum = Int.random(in: 1...3, using: &random)
            farm.quorumHysteresis = Int.random(in: 0...2, using: &random)
            farm.passive = Bool.random(using: &random) ? PassiveDetection(maxEject: Int.random(in: 1...100, using: &random)) : nil
            farm.verdictPolicy.slowStart = [.zero, .seconds(5), .seconds(30)].randomElement(using: &random) ?? .zero
            farm.verdictPolicy.dampening = Bool.random(using: &random) ? Dampening(hold: .seconds(8), limit: .seconds(60)) : nil
            for index in farm.backends.indices {
                farm.backends[index].weight = Int.random(in: 1...5, using: &random)
                farm.backends[index].priority = Int.random(in: 1...2, using: &random)
            }
        }
        self.random = random
        whole = scene.slots
        for backend in scene.farm.backends { verdicts[backend.name] = .up }
        served = scene.used
    }

    mutating func step() {
        now += Int64.random(in: 10_000_000...4_000_000_000, using: &random)
        scene.wait(until: Double(now) / 1e9)
        note()
        guard let backend = scene.farm.backends.randomElement(using: &random) else { return }
        if scene.farm.passive != nil, Int.random(in: 0..<10, using: &random) == 0 {
            _ = scene.state.eject([backend.name], of: "web")
        } else {
            let verdict: Verdict = Bool.random(using: &random) ? .up : .down
            verdicts[backend.name] = verdict
            scene.turn(verdict, backend.name, at: Double(now) / 1e9)
        }
        note()
    }

    private mutating func note() {
        // What a panic, a tier or the want of anybody else brings in is no return.
        let usable = scene.farm.backends.filter { scene.state.standing(of: $0, in: scene.farm).isUsable }.map(\.name)
        for name in Set(usable).subtracting(served) { returns[name, default: []].append(now) }
        served = Set(usable)
    }

    mutating func settle() {
        for backend in scene.farm.backends { verdicts[backend.name] = .up }
        for backend in scene.farm.backends { scene.turn(.up, backend.name, at: Double(now) / 1e9) }
        now += 3_600_000_000_000
        scene.wait(until: Double(now) / 1e9)
    }

    var isWhole: Bool { scene.slots == whole && scene.state.nextPolicyChange == nil }

    func faults() -> [String] { emptiness() + panic() + flaps() + ejections() + time() }

    private var healthy: [Backend] { scene.farm.backends.filter { verdicts[$0.name] == .up } }

    /// While anybody is up, connections are balanced, and to somebody who may have them.
    private func emptiness() -> [String] {
        var faults: [String] = []
        if scene.slots.isEmpty != healthy.isEmpty { faults.append("\(healthy.count) are up, and \(scene.slots.count) have slots") }
        let isPanicking = scene.state.health["web"]?.isPanicking ?? false
        for name in scene.used where verdicts[name] == .down && !isPanicking { faults.append("\(name) is down and has slots") }
        let base = scene.farm.backends.map(\.priority).min()
        for backend in healthy where backend.priority == base && scene.state.standing(of: backend, in: scene.farm).isUsable {
            if scene.slots[backend.name] == nil { faults.append("\(backend.name) is usable and has no slot") }
        }
        return faults
    }

    /// In a panic all of the tiers are used; there is none while a tier has its share, or while nobody is healthy.
    private func panic() -> [String] {
        guard let decision = scene.state.health["web"]?.decisions[.ipv4] else { return ["nothing was decided"] }
        let usable = scene.farm.backends.filter { scene.state.standing(of: $0, in: scene.farm).isUsable }
        let tiers = Dictionary(grouping: scene.farm.backends, by: \.priority)
        let hasShare = tiers.values.contains { tier in
            100 * tier.count { backend in usable.contains { $0.name == backend.name } } >= scene.farm.panicThreshold * tier.count
        }
        let isDue = scene.farm.panicThreshold > 0 && !hasShare && !usable.isEmpty
        if decision.isPanicking != isDue { return ["panic is \(decision.isPanicking), and should be \(isDue)"] }
        if isDue, !decision.serving.allSatisfy({ $0 }) { return ["in a panic somebody is left out"] }
        return []
    }

    /// With dampening, the n-th return in a row without a minute of calm comes later each time (8, 16, 32, 60 s): at most 10 in any 4 minutes.
    private func flaps() -> [String] {
        guard scene.farm.verdictPolicy.dampening != nil, scene.farm.passive == nil else { return [] }
        return returns.compactMap { name, times in
            let recent = times.filter { $0 > now - 240_000_000_000 }
            return recent.count > 10 ? "\(name) came back \(recent.count) times in 4 minutes" : nil
        }
    }

    private func ejections() -> [String] {
        guard let passive = scene.farm.passive else { return [] }
        let out = scene.farm.backends.count { scene.state.record(of: $0, in: scene.farm).isEjected(at: scene.state.now) }
        return out > max(1, passive.maxEject * scene.farm.backends.count / 100) ? ["\(out) are ejected"] : []
    }

    /// What is announced lies ahead.
    private func time() -> [String] {
        guard let next = scene.state.nextPolicyChange, next <= scene.state.now else { return [] }
        return ["a change is announced for the past"]
    }
}
