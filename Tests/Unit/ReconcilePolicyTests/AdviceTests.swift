import FarmModel
import HealthPolicy
import NetTypes
import ReconcilePolicy
import RulesetCompiler
import Testing

/// What agents and checks ask for, as far as the operator has not said otherwise.
@Suite struct AdviceTests {
    private static let names = ["a", "b"]

    private static func farm(state: AdminState = .ready) -> Farm {
        var check = HealthCheck()
        check.agent = AgentCheck(port: 5555)
        let backends = names.enumerated().map { index, name in
            Backend(
                name: name, address: IPAddress(v4: 0x0A00_0001 + UInt32(index)), port: PortRange(80), weight: 100,
                state: index == 0 ? state : .ready)
        }
        let listener = Listener(address: IPAddress(v4: 0xCB00_710A), transport: .tcp, ports: [PortRange(80)].compactMap { $0 })
        return Farm(name: "web", listeners: [listener], backends: backends, health: check)
    }

    private func state(
        _ line: String, overrides: [BackendID: Override] = [:], admin: AdminState = .ready
    ) throws -> (DesiredState, Farm, Backend) {
        let farm = Self.farm(state: admin)
        var desired = DesiredState()
        desired.set(farms: [farm])
        desired.set(overrides: overrides)
        let targets = farm.backends.compactMap(farm.probeTarget)
        desired.set(verdicts: Dictionary(uniqueKeysWithValues: targets.map { ($0, .up) }))
        let target = try #require(targets.first)
        #expect(desired.set(advices: [target: try #require(AgentWords.parse(line))]) == ["web"])
        return (desired, farm, farm.backends[0])
    }

    private func share(_ desired: DesiredState, of index: UInt16) -> Double {
        let slots = desired.compiledFarms["web"]?.slots[.ipv4] ?? []
        return slots.isEmpty ? 0 : Double(slots.count { $0 == index }) / Double(slots.count)
    }

    @Test(arguments: [("100%", 100, 0.5), ("50%", 50, 1.0 / 3), ("weight:300", 300, 0.75), ("200%", 200, 2.0 / 3), ("0%", 0, 0)])
    func weightDealsTheSlots(line: String, weight: Int, share wanted: Double) throws {
        let (desired, farm, backend) = try state(line)
        #expect(desired.weight(of: backend, in: farm) == weight)
        #expect(abs(share(desired, of: 0) - wanted) < 0.02)
    }

    @Test(arguments: [("drain", AdminState.drain), ("maint", .maintenance), ("ready", .ready)])
    func adminWordsTakeItOut(line: String, admin: AdminState) throws {
        let (desired, farm, backend) = try state(line)
        #expect(desired.admin(of: backend, in: farm) == admin && (share(desired, of: 0) == 0) == (admin != .ready))
    }

    @Test func operatorHasTheLastWord() throws {
        let id = BackendID(farm: "web", backend: "a")
        let (kept, farm, backend) = try state("drain", overrides: [id: Override(admin: .ready)])
        #expect(kept.admin(of: backend, in: farm) == .ready)
        let (out, drained, other) = try state("ready", admin: .drain)
        #expect(out.admin(of: other, in: drained) == .drain)
        let (weighed, _, _) = try state("weight:900", overrides: [id: Override(weight: 7)])
        #expect(weighed.weight(of: backend, in: farm) == 7)
    }

    @Test func smallWeightsAreNotRoundedToNothing() throws {
        let id = BackendID(farm: "web", backend: "a")
        let (desired, farm, backend) = try state("10%", overrides: [id: Override(weight: 1)])
        #expect(desired.weight(of: backend, in: farm) == 1)
    }

    @Test func adviceThatEndsIsForgotten() throws {
        var (desired, farm, backend) = try state("drain")
        let target = try #require(farm.probeTarget(of: backend))
        desired.set(advices: [target: nil])
        #expect(desired.admin(of: backend, in: farm) == .ready && desired.advices.isEmpty && share(desired, of: 0) > 0.4)
    }
}
