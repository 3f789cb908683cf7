import FarmModel
import NetTypes
import Ruleset
import Testing

@testable import RulesetCompiler

/// Backends that turn by the hundred: slots are left vacant and dealt later.
@Suite struct HasteTests {
    private static func farm(_ scheduler: Scheduler, _ mode: ForwardingMode) throws -> Farm {
        let (port, range) = (try #require(PortRange(80)), try #require(PortRange(8000, 8003)))
        let address = IPAddress(v4: 0xCB00_7101)
        return Farm(
            name: "f",
            listeners: [
                .init(address: address, transport: .tcp, ports: [port]), .init(address: address, transport: .udp, ports: [range]),
            ],
            mode: mode, scheduler: scheduler,
            backends: (0..<12).map { Backend(name: "b\($0)", address: IPAddress(v4: UInt32(0x0A00_0000 + $0)), port: port) })
    }

    private static func conditions(_ farm: Farm, usable: Set<Int>) -> [BackendCondition] {
        farm.backends.indices.map { BackendCondition(isUsable: usable.contains($0), weight: farm.backends[$0].weight) }
    }

    @Test(arguments: [Scheduler.maglev(.addressAndPort), .hash(.addressAndPort), .random, .roundRobin, .symmetricHash])
    func whoLeavesIsGoneAndWhoComesHasItsOwn(scheduler: Scheduler) throws {
        let seed = UInt64.random(in: 1...999_999_999)
        var random = Chance(state: seed)
        for mode in [ForwardingMode.dnat, .snat(source: []), .local] {
            let farm = try Self.farm(scheduler, mode)
            let plan = FarmPlan(farm)
            let base = CompiledFarm(plan, Self.conditions(farm, usable: Set(0..<12)))
            let own = try #require(base.slots[.ipv4])
            var (compiled, usable) = (base, Set(0..<12))
            var compiler = RulesetCompiler(farms: ["f": compiled])
            for _ in 0..<60 {
                let turned = Set((0..<Int.random(in: 1...6, using: &random)).map { _ in Int.random(in: 0..<12, using: &random) })
                usable.formSymmetricDifference(turned)
                let conditions = Self.conditions(farm, usable: usable)
                let before = compiled
                compiled = CompiledFarm(plan, conditions, previous: compiled, turned: turned)
                compiler.update(["f": compiled])
                let anew = RulesetCompiler(farms: ["f": compiled])
                #expect(compiler.ruleset == anew.ruleset, "seed \(seed)")

                let slots = try #require(compiled.slots[.ipv4])
                #expect(slots.isEmpty == usable.isEmpty)
                for (slot, backend) in slots.enumerated() {
                    #expect(backend == SlotTable.vacant || usable.contains(Int(backend)), "seed \(seed)")
                    if usable.contains(Int(own[slot])), turned.contains(Int(own[slot])) { #expect(backend == own[slot]) }
                    if let former = before.slots[.ipv4]?.at(slot), usable.contains(Int(former)), !turned.contains(Int(own[slot])) {
                        #expect(backend == former, "nobody else's clients move: seed \(seed)")
                    }
                }
                let spares = compiled.spares[.ipv4] ?? []
                #expect(spares.count == (slots.contains(SlotTable.vacant) ? SlotTable.spareCount(plan.tableSize) : 0))
                #expect(spares.allSatisfy { usable.contains(Int($0)) })
                let most = (spares.count + usable.count - 1) / max(1, usable.count)
                #expect(usable.allSatisfy { index in spares.count { Int($0) == index } <= most }, "as many for each: seed \(seed)")

                let fresh = CompiledFarm(plan, conditions)
                #expect(CompiledFarm(plan, conditions, previous: compiled) == fresh, "what was done in haste leaves no trace: seed \(seed)")
                #expect(compiled.isMakeshift == (compiled.slots != fresh.slots), "seed \(seed)")
            }
        }
    }

    @Test func aFailureChangesItsOwnSlotsAndFewSpares() throws {
        let farm = try Self.farm(.maglev(.addressAndPort), .dnat)
        let plan = FarmPlan(farm)
        let all = CompiledFarm(plan, Self.conditions(farm, usable: Set(0..<12)))
        let down = CompiledFarm(plan, Self.conditions(farm, usable: Set(1..<12)), previous: all, turned: [0])
        let batch = RulesetCompiler(farms: ["f": all]).ruleset.batch(to: RulesetCompiler(farms: ["f": down]).ruleset)
        let own = (all.slots[.ipv4] ?? []).count { $0 == 0 }
        #expect(batch.elementsRemoved == 2 * own, "of two listeners")
        #expect(batch.elementsAdded == 2 * SlotTable.spareCount(plan.tableSize))
    }

    /// The other family of a farm that serves both stays as it is.
    @Test func eachFamilyHasItsOwnVacancies() throws {
        var farm = try Self.farm(.maglev(.addressAndPort), .dnat)
        let port = try #require(PortRange(80))
        farm.listeners.append(.init(address: IPAddress(v6: 0x2001_0DB8 << 32, 1), transport: .tcp, ports: [port]))
        farm.backends += (0..<4).map { Backend(name: "six\($0)", address: IPAddress(v6: 0xFD00 << 48, UInt64($0)), port: port) }
        let plan = FarmPlan(farm)
        let all = CompiledFarm(plan, Self.conditions(farm, usable: Set(0..<16)))
        let down = CompiledFarm(plan, Self.conditions(farm, usable: Set(0..<16).subtracting([2, 3])), previous: all, turned: [2, 3])
        #expect(down.slots[.ipv6] == all.slots[.ipv6] && down.spares[.ipv6] == nil)
        #expect(down.slots[.ipv4]?.contains(SlotTable.vacant) == true)
        let none = CompiledFarm(plan, Self.conditions(farm, usable: Set(0..<12)), previous: all, turned: [12, 13, 14, 15])
        #expect(none.slots[.ipv6]?.isEmpty == true && none.slots[.ipv4] == all.slots[.ipv4] && !none.isMakeshift)
    }

    /// Whose clients must not move at once, or who starts slowly, is dealt with at leisure, which is here at once.
    @Test func farmsThatAskForMoreAreDealt() throws {
        var farm = try Self.farm(.maglev(.addressAndPort), .dnat)
        let usable = Self.conditions(farm, usable: Set(1..<12))
        let all = CompiledFarm(FarmPlan(farm), Self.conditions(farm, usable: Set(0..<12)))
        var slow = usable
        slow[3].ramp = 40
        #expect(!CompiledFarm(FarmPlan(farm), slow, previous: all, turned: [0]).isMakeshift)
        farm.scheduler = .leastConnections
        let least = CompiledFarm(FarmPlan(farm), Self.conditions(farm, usable: Set(0..<12)))
        #expect(!CompiledFarm(FarmPlan(farm), usable, previous: least, turned: [0]).isMakeshift)
        farm.persistence = Persistence()
        let kept = CompiledFarm(FarmPlan(farm), Self.conditions(farm, usable: Set(0..<12)))
        #expect(!CompiledFarm(FarmPlan(farm), usable, previous: kept, turned: [0]).isMakeshift)
    }
}

/// Splitmix64 (Steele et al. 2014), so that a seed repeats a run.
private struct Chance: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        return mixed(state)
    }
}

extension [UInt16] {
    fileprivate func at(_ index: Int) -> UInt16? { index < count ? self[index] : nil }
}
