import FarmModel
import HealthPolicy
import NetTypes
import ReconcilePolicy
import Ruleset
import RulesetCompiler
import Testing

@Suite struct HasteTests {
    private func turn(_ numbers: ClosedRange<Int>, _ verdict: Verdict, _ scene: inout PolicyScene) {
        let targets = numbers.compactMap { scene.farm.probeTarget(of: scene.farm.backends[$0 - 1]) }
        scene.state.set(verdicts: Dictionary(uniqueKeysWithValues: targets.map { ($0, verdict) }))
    }

    /// The ruleset of a daemon that has just begun and knows the same.
    private func fresh(_ scene: PolicyScene) -> DesiredState {
        var state = DesiredState()
        state.set(farms: [scene.farm])
        state.set(verdicts: scene.state.verdicts, areOld: true)
        return state
    }

    private func used(_ scene: PolicyScene) -> Set<Int> {
        Set((scene.state.compiledFarms["web"]?.slots[.ipv4] ?? []).filter { $0 != SlotTable.vacant }.map { Int($0) + 1 })
    }

    @Test func manyAtOnceLeaveTheirSlotsVacantUntilTheseAreDealt() throws {
        var scene = try PolicyScene(backends: 100) { $0.panicThreshold = 0 }
        turn(1...DesiredState.usualMany - 1, .down, &scene)
        #expect(scene.state.makeshift.isEmpty, "so few are dealt at once")
        #expect(scene.state.ruleset == fresh(scene).ruleset)
        turn(1...DesiredState.usualMany - 1, .up, &scene)

        turn(1...70, .down, &scene)
        #expect(scene.state.makeshift == ["web"])
        #expect(used(scene) == Set(71...100))
        turn(71...72, .down, &scene)
        #expect(scene.state.makeshift == ["web"], "two more are no reason to deal")
        #expect(used(scene) == Set(73...100))
        turn(1...1, .up, &scene)
        #expect(used(scene) == Set(73...100).union([1]))
        #expect(scene.state.ruleset != fresh(scene).ruleset)
        scene.state.dealMakeshift(slots: 1)
        #expect(scene.state.makeshift.isEmpty)
        #expect(scene.state.ruleset == fresh(scene).ruleset)
    }

    @Test func aPanicBeginsAndEndsWhenSlotsAreDealt() throws {
        var scene = try PolicyScene(backends: 200)
        turn(1...80, .down, &scene)
        #expect(used(scene) == Set(81...200))
        turn(81...150, .down, &scene)
        #expect(scene.state.health["web"]?.isPanicking == true)
        #expect(used(scene) == Set(81...200), "who has left is not brought back in haste, who fell in the panic is used in it")
        scene.state.dealMakeshift(slots: 1)
        #expect(used(scene) == Set(1...200))
        turn(81...150, .up, &scene)
        #expect(scene.state.health["web"]?.isPanicking == false)
        #expect(scene.state.makeshift == ["web"] && used(scene) == Set(1...200), "nor sent away")
        scene.state.dealMakeshift(slots: 1)
        #expect(used(scene) == Set(81...200))
        #expect(scene.state.ruleset == fresh(scene).ruleset)
    }

    @Test func whenAllAreDownNobodyIsUsed() throws {
        var scene = try PolicyScene(backends: 100) { $0.panicThreshold = 0 }
        turn(1...100, .down, &scene)
        #expect(used(scene).isEmpty && scene.state.makeshift.isEmpty)
        #expect(scene.state.ruleset == fresh(scene).ruleset)
        turn(1...64, .up, &scene)
        #expect(used(scene) == Set(1...64) && scene.state.makeshift == ["web"])
        turn(65...100, .up, &scene)
        #expect(scene.state.makeshift.isEmpty, "every slot is with its own backend: there is nothing to deal")
        #expect(scene.state.ruleset == fresh(scene).ruleset)
    }

    /// Those that fell while a panic lasted are used until slots are dealt; what finds no slot is answered at once as when all are down.
    @Test func whenTheLastOneFallsInAPanicNobodyIsUp() throws {
        var scene = try PolicyScene(backends: 200)
        turn(1...80, .down, &scene)
        turn(81...150, .down, &scene)
        turn(151...200, .down, &scene)
        #expect(scene.state.tallies["web"]?.condition == .down)
        #expect(used(scene) == Set(81...150) && scene.state.makeshift == ["web"])
        let address = IPAddress(v4: 0xCB00_710A)
        let ends = Set(
            (1...400).flatMap { client in
                let source = Endpoint(address: IPAddress(v4: 0xC633_6400 + UInt32(client)), port: 40_000)
                let packet = Packet(
                    device: "eth1", source: source, destination: Endpoint(address: address, port: 80), transport: .tcp, flags: .syn)
                return Tracer(scene.state.ruleset).trace(packet).map { trace in
                    if case .rejected = trace.fate { return "rejected" }
                    if case .translated(let backend, _) = trace.fate { return backend.description }
                    return "\(trace.fate)"
                }
            })
        #expect(ends.contains("rejected") && ends.count > 1 && !ends.contains { $0.hasPrefix("dropped") }, "\(ends)")
        scene.state.dealMakeshift(slots: 1)
        #expect(used(scene).isEmpty && scene.state.ruleset == fresh(scene).ruleset)
    }

    /// f0 … with four backends each.
    private func farms(_ count: Int, tableSize: TableSize = .automatic) throws -> [Farm] {
        let port = try #require(PortRange(80))
        return (0..<count).map { number in
            Farm(
                name: "f\(number)",
                listeners: [Listener(address: IPAddress(v4: 0xCB00_7100 + UInt32(number)), transport: .tcp, ports: [port])],
                tableSize: tableSize,
                backends: (0..<4).map {
                    Backend(name: "b\($0)", address: IPAddress(v4: UInt32(0x0A00_0000 + number * 16 + $0)), port: port)
                })
        }
    }

    /// Of farms that come again and again each is dealt in its turn.
    @Test func dealingGoesRound() throws {
        let farms = try farms(4)
        var state = DesiredState(manyTurns: 1)
        state.set(farms: farms)
        state.set(verdicts: Dictionary(uniqueKeysWithValues: state.probeTargets.map { ($0, .up) }), areOld: true)
        let first = farms.compactMap { $0.probeTarget(of: $0.backends[0]) }
        for turn in 0..<8 {
            state.set(verdicts: Dictionary(uniqueKeysWithValues: first.map { ($0, turn % 2 == 0 ? .down : .up) }))
            guard turn % 2 == 0 else { continue }
            #expect(state.makeshift.count == 4)
            state.dealMakeshift(slots: 1)
            #expect(!state.makeshift.contains("f\(turn / 2)"))
        }
    }

    /// A verdict each, for tables that take long to deal.
    @Test func largeTablesAreReasonEnough() throws {
        let farms = try farms(3, tableSize: .slots(16_381))
        var state = DesiredState()
        state.set(farms: farms)
        state.set(verdicts: Dictionary(uniqueKeysWithValues: state.probeTargets.map { ($0, .up) }), areOld: true)
        let first = farms.compactMap { $0.probeTarget(of: $0.backends[0]) }
        state.set(verdicts: [first[0]: .down])
        #expect(state.makeshift.isEmpty)
        state.set(verdicts: [first[0]: .up])
        state.set(verdicts: Dictionary(uniqueKeysWithValues: first.map { ($0, .down) }))
        #expect(state.makeshift == ["f0", "f1", "f2"])
        state.dealMakeshift(slots: 20_000)
        #expect(state.makeshift == ["f2"], "as many as there is time for")
    }
}
