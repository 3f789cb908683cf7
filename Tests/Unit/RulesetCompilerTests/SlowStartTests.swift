import FarmModel
import NetTypes
import RulesetCompiler
import Testing

private func counts(_ slots: [UInt16]) -> [UInt16: Int] { slots.reduce(into: [:]) { $0[$1, default: 0] += 1 } }

@Suite struct SlowStartTests {
    private static let schedulers: [Scheduler] = [.maglev(.addressAndPort), .hash(.address), .roundRobin, .random]

    private func members(_ ramps: [Int]) -> [SlotTable.Member] {
        ramps.enumerated().map { SlotTable.Member(index: $0, name: "b\($0)", weight: 1, priority: 1, ramp: $1) }
    }

    @Test(arguments: schedulers) func slotsComeBackInStepsAndNoneIsLostAgain(scheduler: Scheduler) {
        let whole = members([100, 100, 100, 100])
        let table = SlotTable(members: whole, size: 1021, scheduler: scheduler)
        let base = table.filled(serving: whole)
        var held: Set<Int> = []
        for ramp in stride(from: 10, through: 100, by: 9) {
            let slots = table.filled(serving: members([100, ramp, 100, 100]))
            let own = Set(slots.indices.filter { slots[$0] == 1 })
            #expect(own.isSuperset(of: held), "ramp \(ramp)")
            let deserved = 1021 * Double(ramp) / Double(300 + ramp)
            #expect(abs(Double(own.count) - deserved) <= 1, "ramp \(ramp): \(own.count) of \(deserved)")
            for (slot, backend) in base.enumerated() where backend != 1 { #expect(slots[slot] == backend) }
            held = own
        }
        #expect(table.filled(serving: whole) == base)
    }

    @Test(arguments: schedulers) func whoStartsSlowlyAloneHasEverything(scheduler: Scheduler) {
        let table = SlotTable(members: members([100, 100]), size: 127, scheduler: scheduler)
        #expect(counts(table.filled(serving: [members([10, 10])[1]])) == [1: 127])
        #expect(table.filled(serving: members([10, 10])) == table.filled(serving: members([100, 100])))
    }

    @Test func theSmallestStepIsASlot() {
        let many = (0..<60).map { SlotTable.Member(index: $0, name: "b\($0)", weight: 1, priority: 1, ramp: $0 == 7 ? 10 : 100) }
        let table = SlotTable(members: many, size: 61, scheduler: .random)
        #expect(counts(table.filled(serving: many))[7] == 1)
    }

    /// Tier 1 has lost a backend and has its quorum: the spare takes of what was lost only if its tier has joined all the same.
    @Test func aJoinedTierServesWhateverTheQuorumSays() throws {
        let port = try #require(PortRange(80))
        let backends = (0..<4).map {
            Backend(name: "b\($0)", address: IPAddress(v4: UInt32(0x0A00_0001 + $0)), port: port, priority: $0 == 3 ? 2 : 1)
        }
        let listener = Listener(address: IPAddress(v4: 0xCB00_710A), transport: .tcp, ports: [port])
        let farm = Farm(name: "web", listeners: [listener], backends: backends)
        func slots(isJoined: Bool) -> Set<UInt16> {
            let conditions = farm.backends.map { BackendCondition(isUsable: $0.name != "b1", weight: 1, isJoined: isJoined) }
            return Set(FarmPlan(farm).slots(conditions)[.ipv4] ?? [])
        }
        #expect(slots(isJoined: false) == [0, 2] && slots(isJoined: true) == [0, 2, 3])
    }
}
