import FarmModel
import NetTypes
import Ruleset
import Testing

@testable import ReconcilePolicy

private func backend(_ number: UInt32, weight: Int = 1, priority: Int = 1) -> Backend {
    Backend(
        name: "b\(number)", address: IPAddress(v4: 0x0A00_0000 + number), port: PortRange(8080), weight: weight, priority: priority,
        health: HealthCheck(kind: .none))
}

private func farm(_ name: String, _ backends: [Backend], scheduler: Scheduler = .leastConnections, listener: UInt32 = 1) throws -> Farm {
    let port = try #require(PortRange(80))
    return Farm(
        name: name, listeners: [Listener(address: IPAddress(v4: 0xCB00_7100 + listener), transport: .tcp, ports: [port])],
        mode: .dnat, scheduler: scheduler, tableSize: .slots(127), backends: backends)
}

private func slots(_ state: DesiredState, _ farm: String = "web") -> [UInt16: Int] {
    (state.compiledFarms[farm]?.slots[.ipv4] ?? []).reduce(into: [:]) { $0[$1, default: 0] += 1 }
}

@Suite struct LeastConnectionsBalanceTests {
    /// Looks until shares have settled: `live` by backend, all the time.
    private func settle(_ state: inout DesiredState, _ balance: inout LeastConnectionsBalance, _ live: [String: Int]) {
        for _ in 0..<40 {
            let shares = balance.look(at: state, after: .milliseconds(250)) { backend, _ in (live[backend.name] ?? 0, 20) }
            state.set(slotShares: shares)
        }
    }

    @Test func slotsFollowConnections() throws {
        var (state, balance) = (DesiredState(), LeastConnectionsBalance())
        state.set(farms: [try farm("web", [backend(1), backend(2), backend(3)])])
        let before = slots(state)
        #expect(before.values.allSatisfy { (42...43).contains($0) })
        settle(&state, &balance, ["b1": 500, "b2": 50, "b3": 50])
        #expect(slots(state)[0, default: 0] < 5)
        #expect(slots(state).values.reduce(0, +) == 127)
        settle(&state, &balance, ["b1": 10, "b2": 50, "b3": 50])
        #expect(slots(state)[0, default: 0] > 50)
    }

    @Test func otherFarmsAreLeftAlone() throws {
        var (state, balance) = (DesiredState(), LeastConnectionsBalance())
        let other = try farm("other", [backend(1), backend(2)], scheduler: .random, listener: 2)
        state.set(farms: [try farm("web", [backend(1), backend(2)]), other])
        state.settled()
        let shares = balance.look(at: state, after: .seconds(1)) { backend, _ in (backend.name == "b1" ? 900 : 0, 1) }
        #expect(Set(shares.keys) == ["web"])
        state.set(slotShares: shares.merging(["other": ["b1": 1]]) { $1 })
        #expect(state.touched == ["web", Fragment.shared])
        #expect(state.slotShares["other"] == nil)
    }

    @Test func whatIsAsItShouldBeIsNoChange() throws {
        var (state, balance) = (DesiredState(), LeastConnectionsBalance())
        state.set(farms: [try farm("web", [backend(1), backend(2)])])
        settle(&state, &balance, ["b1": 50, "b2": 50])
        #expect(balance.look(at: state, after: .milliseconds(250)) { _, _ in (50, 20) }.isEmpty)
    }

    @Test func aVerdictLeavesNobodyWithoutABackend() throws {
        var (state, balance) = (DesiredState(), LeastConnectionsBalance())
        let web = try farm("web", [backend(1), backend(2), backend(3)])
        state.set(farms: [web])
        settle(&state, &balance, ["b1": 5_000, "b2": 5, "b3": 5])
        #expect(slots(state)[0, default: 0] == 0, "it has far too many connections")
        let out = Override(admin: .drain)
        state.set(overrides: [BackendID(farm: "web", backend: "b2"): out, BackendID(farm: "web", backend: "b3"): out])
        #expect(slots(state) == [0: 127], "whoever is left serves, whatever its share was")
        state.set(overrides: [:])
        #expect(slots(state)[0, default: 0] == 0)
    }

    @Test func aTierThatDoesNotServeGetsNothing() throws {
        var (state, balance) = (DesiredState(), LeastConnectionsBalance())
        state.set(farms: [try farm("web", [backend(1), backend(2), backend(9, priority: 2)])])
        settle(&state, &balance, ["b1": 500, "b2": 500])
        #expect(slots(state)[2] == nil)
        let drain = Override(admin: .drain)
        state.set(overrides: [BackendID(farm: "web", backend: "b1"): drain, BackendID(farm: "web", backend: "b2"): drain])
        #expect(slots(state) == [2: 127])
    }

    @Test func aFarmThatIsEditedKeepsItsSharesAndANewBackendGetsSome() throws {
        var (state, balance) = (DesiredState(), LeastConnectionsBalance())
        state.set(farms: [try farm("web", [backend(1), backend(2)])])
        settle(&state, &balance, ["b1": 900, "b2": 100])
        let before = slots(state)
        state.set(farms: [try farm("web", [backend(1), backend(2), backend(3)])])
        let after = slots(state)
        #expect(after[0, default: 0] <= before[0, default: 0])
        #expect((20...60).contains(after[2, default: 0]))
    }

    @Test func whatIsTooMuchForOneLookWaitsForItsTurn() throws {
        var (state, balance) = (DesiredState(), LeastConnectionsBalance())
        let names = (0..<200).map { "f\($0)" }
        state.set(farms: try names.enumerated().map { try farm($1, [backend(1), backend(2)], listener: UInt32($0)) })
        var dealt: [String: Int] = [:]
        for look in 1...9 {
            let shares = balance.look(at: state, after: .milliseconds(250)) { backend, _ in
                (live: backend.name == "b1" ? 100 * look : 10, opened: 50)
            }
            #expect(shares.count <= 79)
            state.set(slotShares: shares)
            for name in shares.keys { dealt[name, default: 0] += 1 }
        }
        #expect(dealt.count == 200)
        #expect(dealt.values.allSatisfy { (2...4).contains($0) }, "nobody is forgotten")
        #expect(names.allSatisfy { slots(state, $0)[0, default: 0] < 55 })
    }

    @Test func afterTheLastConnectionSharesAreWeightsAgain() throws {
        var (state, balance) = (DesiredState(), LeastConnectionsBalance())
        state.set(farms: [try farm("web", [backend(1), backend(2)])])
        settle(&state, &balance, ["b1": 500, "b2": 50])
        #expect(slots(state)[0, default: 0] < 20)
        for _ in 0..<2_000 {
            let shares = balance.look(at: state, after: .milliseconds(250)) { _, _ in (0, 0) }
            state.set(slotShares: shares)
        }
        #expect((50...77).contains(slots(state)[0, default: 0]))
    }

    @Test func sharesGoWithTheScheduler() throws {
        var (state, balance) = (DesiredState(), LeastConnectionsBalance())
        state.set(farms: [try farm("web", [backend(1), backend(2)])])
        settle(&state, &balance, ["b1": 900, "b2": 100])
        state.set(farms: [try farm("web", [backend(1), backend(2)], scheduler: .random)])
        #expect(state.slotShares.isEmpty)
        #expect(slots(state).values.allSatisfy { (63...64).contains($0) })
        #expect(balance.look(at: state, after: .seconds(1)) { _, _ in (1, 1) }.isEmpty)
    }

    @Test func fewSlotsMoveWhenSharesChangeALittle() throws {
        var state = DesiredState()
        let web = try farm("web", (1...10).map { backend($0) })
        state.set(farms: [web])
        var shares = Dictionary(uniqueKeysWithValues: web.backends.map { ($0.name, $0.name == "b1" ? 19 : 12) })
        state.set(slotShares: ["web": shares])
        let before = try #require(state.compiledFarms["web"]?.slots[.ipv4])
        (shares["b1"], shares["b2"]) = (16, 15)
        state.set(slotShares: ["web": shares])
        let after = try #require(state.compiledFarms["web"]?.slots[.ipv4])
        #expect((3...12).contains(zip(before, after).count { $0 != $1 }))
    }
}
