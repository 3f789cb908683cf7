import FarmModel
import NetTypes
import Ruleset
import RulesetCompiler
import Testing

private func farm(_ number: Int, scheduler: Scheduler = .maglev(.addressAndPort)) throws -> Farm {
    let port = try #require(PortRange(80))
    let backends = (0..<10).map { Backend(name: "b\($0)", address: IPAddress(v4: UInt32(0x0A00_0000 + number * 16 + $0)), port: port) }
    return Farm(
        name: "f\(number)", listeners: [Listener(address: IPAddress(v4: UInt32(0xCB00_7100 + number)), transport: .tcp, ports: [port])],
        scheduler: scheduler, backends: backends)
}

private func compiled(_ farm: Farm, down: Set<Int> = []) -> CompiledFarm {
    CompiledFarm(
        FarmPlan(farm), farm.backends.indices.map { BackendCondition(isUsable: !down.contains($0), weight: farm.backends[$0].weight) })
}

@Suite struct ShapeTests {
    /// What is known from other conditions saves work, and changes nothing.
    @Test(arguments: [
        Scheduler.maglev(.addressAndPort), .hash(.addressAndPort), .random, .roundRobin, .symmetricHash,
    ]) func whatCameBeforeChangesNothing(scheduler: Scheduler) throws {
        var random = SystemRandomNumberGenerator()
        for mode in [ForwardingMode.dnat, .snat(source: []), .local, .stateless] {
            var one = try farm(1, scheduler: scheduler)
            one.mode = mode
            if mode == .dnat {
                one.listeners.append(
                    Listener(address: one.listeners[0].address, transport: .udp, ports: [try #require(PortRange(8000, 8003))]))
            }
            let plan = FarmPlan(one)
            var previous: CompiledFarm?
            for _ in 0..<40 {
                let share = Int.random(in: 0...4, using: &random)
                let conditions = one.backends.map { backend in
                    BackendCondition(
                        isUsable: Int.random(in: 0..<4, using: &random) < share, weight: backend.weight,
                        ramp: Int.random(in: 0..<3, using: &random) == 0 ? 40 : 100,
                        isResetting: Bool.random(using: &random), nextHop: nil)
                }
                let fresh = CompiledFarm(plan, conditions)
                #expect(CompiledFarm(plan, conditions, previous: previous) == fresh, "\(mode.name): \(conditions)")
                previous = fresh
            }
        }
    }

    @Test func theShapeDoesNotGrowWithTheNumberOfFarms() throws {
        let shapes = try [1, 100, 1000].map { count -> [Int] in
            let farms = try (0..<count).map { try farm($0) }
            let ruleset = RulesetCompiler(farms: Dictionary(uniqueKeysWithValues: farms.map { ($0.name, compiled($0)) })).ruleset
            return ruleset.tables.flatMap { [$0.chains.count, $0.sets.count, $0.chains.reduce(0) { $0 + $1.rules.count }] }
        }
        #expect(shapes[0] == shapes[1])
        #expect(shapes[1] == shapes[2])
    }

    @Test func updatingOneFarmGivesWhatCompilingAllWouldGive() throws {
        let farms = try (0..<5).map { try farm($0) }
        var compiler = RulesetCompiler(farms: Dictionary(uniqueKeysWithValues: farms.map { ($0.name, compiled($0)) }))
        for down in [Set([3]), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9], []] {
            compiler.update(["f2": compiled(farms[2], down: down)])
            let fresh = RulesetCompiler(
                farms: Dictionary(uniqueKeysWithValues: farms.map { ($0.name, compiled($0, down: $0.name == "f2" ? down : [])) }))
            #expect(compiler.ruleset == fresh.ruleset)
        }
    }

    @Test func aFlipChangesAboutATenthOfTheSlotsAndNothingElse() throws {
        let farm = try farm(0)
        let before = RulesetCompiler(farms: ["f0": compiled(farm)]).ruleset
        let after = RulesetCompiler(farms: ["f0": compiled(farm, down: [4])]).ruleset
        let batch = before.batch(to: after)
        #expect((16...20).contains(batch.elementsAdded))
        #expect(batch.elementsAdded == batch.elementsRemoved)
        #expect(batch.operations.count == 2)
    }

    @Test func roundRobinCostsAChainAFarmAndMaglevNone() throws {
        func chains(_ scheduler: Scheduler) throws -> Int {
            let farms = try (0..<3).map { try farm($0, scheduler: scheduler) }
            let ruleset = RulesetCompiler(farms: Dictionary(uniqueKeysWithValues: farms.map { ($0.name, compiled($0)) })).ruleset
            return ruleset[.inet]?.chains.count ?? 0
        }
        // The others share a selection, and before it the plain slots.
        #expect(try chains(.roundRobin) == chains(.maglev(.address)) + 1)
    }

    @Test func everyTransitionIsTakenByTheStrictKernel() throws {
        let farms = try (0..<4).map { try farm($0, scheduler: $0 % 2 == 0 ? .roundRobin : .random) }
        let rulesets = [[], [0], [0, 1], [1, 2, 3], [2], []].map { indices in
            RulesetCompiler(farms: Dictionary(uniqueKeysWithValues: indices.map { (farms[$0].name, compiled(farms[$0])) })).ruleset
        }
        var kernel = ModelKernel()
        var committed = Ruleset()
        for next in rulesets {
            _ = try kernel.apply(committed.batch(to: next), from: 1)
            committed = next
            #expect(kernel.ruleset.batch(to: next).isEmpty)
        }
    }
}
