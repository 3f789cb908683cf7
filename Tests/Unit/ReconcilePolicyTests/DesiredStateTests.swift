import FarmModel
import HealthPolicy
import NetTypes
import ReconcilePolicy
import Testing

private func port(_ number: UInt16) throws -> PortRange { try #require(PortRange(number)) }

private func farm(_ name: String = "web", listener: UInt32 = 0xCB00_710A, health: HealthCheck = HealthCheck()) throws -> Farm {
    let backends = try (1...4).map { Backend(name: "b\($0)", address: IPAddress(v4: 0x0A00_0000 + UInt32($0)), port: try port(8080)) }
    return Farm(
        name: name, listeners: [Listener(address: IPAddress(v4: listener), transport: .tcp, ports: [try port(80)])], backends: backends,
        health: health)
}

private func serving(_ farm: Farm) -> DesiredState {
    var state = DesiredState()
    state.set(farms: [farm])
    state.set(verdicts: Dictionary(uniqueKeysWithValues: state.probeTargets.map { ($0, .up) }))
    return state
}

@Suite struct DesiredStateTests {
    @Test func anUnknownBackendIsNotUsedUntilItsFirstSuccess() throws {
        let farm = try farm()
        var state = DesiredState()
        state.set(farms: [farm])
        #expect(state.compiledFarms["web"]?.slots[.ipv4] == [])
        let target = try #require(farm.probeTarget(of: farm.backends[0]))
        state.set(verdicts: [target: .up])
        #expect(Set(state.compiledFarms["web"]?.slots[.ipv4] ?? []) == [0])
    }

    @Test func anEditOfTheCheckTakesNobodyOut() throws {
        var state = serving(try farm())
        let before = state.compiledFarms["web"]?.slots
        state.set(farms: [try farm(health: HealthCheck(interval: .milliseconds(100)))])
        #expect(state.compiledFarms["web"]?.slots == before)
        #expect(state.probeTargets.allSatisfy { $0.check.interval == .milliseconds(100) && state.verdicts[$0] == .up })
    }

    @Test func anOverriddenWeightOfZeroMovesOnlyThatBackend() throws {
        var state = serving(try farm())
        let before = try #require(state.compiledFarms["web"]?.slots[.ipv4])
        state.set(overrides: [BackendID(farm: "web", backend: "b2"): Override(weight: 0)])
        let after = try #require(state.compiledFarms["web"]?.slots[.ipv4])
        #expect(!after.contains(1))
        for (slot, backend) in before.enumerated() where backend != 1 { #expect(after[slot] == backend) }
        state.set(overrides: [:])
        #expect(state.compiledFarms["web"]?.slots[.ipv4] == before)
    }

    @Test func theFirstReasonThatKeepsABackendOutIsNamed() throws {
        var farm = try farm()
        farm.mode = .dsr
        farm.backends = farm.backends.map {
            var backend = $0
            backend.port = nil
            return backend
        }
        var state = DesiredState()
        state.set(farms: [farm])
        let backend = farm.backends[0]
        #expect(state.standing(of: backend, in: farm) == .verdict(.unknown))
        state.set(verdicts: Dictionary(uniqueKeysWithValues: state.probeTargets.map { ($0, .up) }))
        #expect(state.standing(of: backend, in: farm) == .noNeighbour)
        state.set(overrides: [BackendID(farm: "web", backend: "b1"): Override(admin: .drain)])
        #expect(state.standing(of: backend, in: farm) == .admin(.drain))
    }

    @Test func oneProbeServesAllFarmsThatAskForIt() throws {
        var state = DesiredState()
        state.set(farms: [try farm("a"), try farm("b", listener: 0xCB00_710B)])
        #expect(state.probeTargets.count == 4)
        let target = try #require(state.probeTargets.min { $0.endpoint < $1.endpoint })
        #expect(Set(state.set(verdicts: [target: .up]).turns.map(\.farm)) == ["a", "b"])
    }
}

@Suite struct ChangePlanTests {
    @Test func removingOneOfFourMovesAboutAQuarterAndNamesTheBackend() throws {
        let old = serving(try farm())
        var smaller = try farm()
        smaller.backends.removeLast()
        var new = old
        new.set(farms: [smaller])
        let plan = ChangePlan(from: old, to: new)
        #expect(plan.changed == ["web"])
        #expect((0.24...0.35).contains(plan.slotsMoved))
        #expect(plan.removedBackends == [Endpoint(address: IPAddress(v4: 0x0A00_0004), port: 8080)])
        #expect(ChangePlan(from: old, to: old).isEmpty)
    }
}

@Suite struct CommitPacerTests {
    @Test func aBurstIsNotDelayedAndAFloodIsPaced() {
        var pacer = CommitPacer()
        for _ in 0..<8 { #expect(pacer.delay(at: .zero) == .zero) }
        let delay = pacer.delay(at: .zero)
        #expect(delay > .zero && delay <= CommitPacer.interval)
        var (now, commits) = (Duration.zero, 0)
        while now < .seconds(1) {
            let wait = pacer.delay(at: now)
            if wait == .zero { commits += 1 }
            now += max(wait, .microseconds(100))
        }
        #expect(commits <= 101)
    }
}
