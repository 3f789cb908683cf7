import FarmModel
import HealthPolicy
import NetTypes
import Ruleset
import RulesetCompiler
import Testing

@testable import ReconcilePolicy

/// Which slots are in transition, and until when.
@Suite struct HandoverTests {
    private static let drain = Override(admin: .drain)

    /// The slots that b2 had, as moves away from it.
    private func drained(_ web: inout DirectFarm) -> Set<Int> {
        let had = web.slots(of: 2)
        web.override(2, Self.drain)
        return had
    }

    @Test(arguments: [ForwardingMode.dsr, .stateless], AddressFamily.allCases)
    func aBackendThatDrainsKeepsItsFlows(mode: ForwardingMode, family: AddressFamily) throws {
        var web = try DirectFarm(mode: mode, family: family)
        let had = drained(&web)
        let transition = try #require(web.transition())
        #expect(Set(transition.moves.keys) == had && !had.isEmpty)
        #expect(transition.moves.values.allSatisfy { $0.destination == web.destination(2) && $0.since == web.state.now })
        #expect(transition.strays.isEmpty && transition.counting.tableSize == 179)
        #expect(web.state.transitions["web"]?.count == 1, "only tcp is listened for")
    }

    @Test(arguments: [Override(weight: 0), Override(weight: 20), Override(admin: .maintenance)])
    func everyWishOfAnOperatorIsHandedOver(override: Override) throws {
        var web = try DirectFarm()
        web.override(2, override)
        #expect(try !#require(web.transition()).moves.isEmpty)
    }

    @Test func aBackendThatIsDownIsNotHandedOver() throws {
        var web = try DirectFarm()
        try web.report(.down, of: 2)
        #expect(web.state.transitions.isEmpty)
    }

    /// b1 to b4; b1 and b2 go down, then b3: a panic. It ends when b3 is back (docs/design/handover.md, Panics).
    @Test func aPanicHandsOverFromTheHealthyAndBreaksWithTheRest() throws {
        var web = try DirectFarm()
        web.edit { $0.panicThreshold = 50 }
        web.state.settled()
        let own = (1...4).map { web.slots(of: $0) }
        for number in 1...2 { try web.report(.down, of: number) }
        web.state.settled()
        let (adopted, given) = (web.slots(of: 4).subtracting(own[3]), web.slots(of: 3).subtracting(own[2]))
        #expect(adopted.union(given) == own[0].union(own[1]) && !adopted.isEmpty && !given.isEmpty)

        try web.report(.down, of: 3)
        let transition = try #require(web.transition())
        #expect(Set(transition.moves.keys) == adopted, "the flows that b4 has taken over stay with it; those of b3 go with the slot")
        #expect(transition.moves.values.allSatisfy { $0.destination == web.destination(4) })
        web.state.settled()
        #expect((1...4).map { web.slots(of: $0) } == own, "b3 keeps its own slots, down or not")

        try web.report(.up, of: 3)
        #expect(web.state.transitions.isEmpty, "flows with b1 and b2 move at once")
        web.state.settled()
        #expect(web.slots(of: 1).isEmpty && web.slots(of: 2).isEmpty)
    }

    @Test func aPanicThatEndsIsHandedOverWhereDownMeansDrain() throws {
        var web = try DirectFarm()
        web.edit {
            $0.panicThreshold = 50
            $0.verdictPolicy.onDown = .drain
        }
        web.state.settled()
        let own = (1...2).map { web.slots(of: $0) }
        for number in 1...3 { try web.report(.down, of: number) }
        web.state.settled()
        try web.report(.up, of: 3)
        let transition = try #require(web.transition())
        for (number, slots) in zip(1..., own) {
            #expect(slots.allSatisfy { transition.moves[$0]?.destination == web.destination(number) })
        }
    }

    @Test func whatABackendGetsBackIsHandedOver() throws {
        var web = try DirectFarm()
        let had = web.slots(of: 2)
        try web.report(.down, of: 2)
        web.state.settled()
        try web.report(.up, of: 2)
        let transition = try #require(web.transition())
        #expect(Set(transition.moves.keys) == had)
        #expect(transition.moves.values.allSatisfy { $0.destination != web.destination(2) })
    }

    @Test func aSlotThatMovesOnKeepsItsFirstBackend() throws {
        var web = try DirectFarm()
        let had = drained(&web)
        web.state.settled()
        let later = web.slots(of: 3)
        web.wait(.seconds(5))
        web.override(3, Self.drain)
        let transition = try #require(web.transition())
        for slot in had { #expect(transition.moves[slot]?.destination == web.destination(2), "\(slot)") }
        for slot in later.subtracting(had) { #expect(transition.moves[slot]?.destination == web.destination(3), "\(slot)") }
        #expect(transition.strays[web.destination(3)] == web.state.now, "flows that began at b3 meanwhile")
    }

    @Test func aSlotThatIsBackStopsMovingWhileThoseThatBeganElsewhereAreFollowed() throws {
        var web = try DirectFarm()
        _ = drained(&web)
        web.state.settled()
        web.wait(.seconds(5))
        web.override(2, nil)
        let transition = try #require(web.transition())
        #expect(transition.moves.isEmpty)
        #expect(!transition.strays.isEmpty && transition.strays[web.destination(2)] == nil)
        web.state.settled()
        web.wait(.seconds(599))
        let isEarly = web.look(quietFor: .seconds(599))
        #expect(!isEarly, "no counter says that they are gone")
        web.wait(.seconds(1))
        let isEnded = web.look(quietFor: .seconds(600))
        #expect(isEnded && web.state.transitions.isEmpty)
    }

    @Test func whereNobodyIsRememberedNobodyStrays() throws {
        var web = try DirectFarm()
        _ = drained(&web)
        web.state.settled()
        web.override(2, nil)
        web.state.settled()
        let isEarly = web.look(quietFor: .zero, forgotten: [.ipv4])
        #expect(!isEarly, "somebody may have come since the look")
        web.wait(.seconds(1))
        let isOther = web.look(quietFor: .zero, forgotten: [.ipv6])
        #expect(!isOther)
        let isEnded = web.look(quietFor: .zero, forgotten: [.ipv4])
        #expect(isEnded && web.state.transitions.isEmpty)
    }

    @Test func aBackendThatDiesLeavesTheOldSide() throws {
        var web = try DirectFarm()
        _ = drained(&web)
        web.state.settled()
        try web.report(.down, of: 2)
        #expect(web.state.transitions.isEmpty)
    }

    @Test func aFlappingBackendLeavesNothingBehind() throws {
        var web = try DirectFarm()
        for verdict in [Verdict.down, .up, .down] {
            try web.report(verdict, of: 2)
            web.state.settled()
        }
        #expect(web.state.transitions.isEmpty)
    }

    @Test func aBackendThatLeftTheFileStaysKnownAndIsFollowed() throws {
        var web = try DirectFarm()
        let (had, address) = (web.slots(of: 4), DirectFarm.address(4))
        web.edit { $0.backends.removeLast() }
        let transition = try #require(web.transition())
        #expect(had.allSatisfy { transition.moves[$0]?.destination == web.destination(4) })
        #expect(web.state.directBackends.contains(address))
        web.state.settled()
        web.learnNextHops(9)
        let mac = try #require(web.state.nextHops[address]?.destination)
        let former = try #require(web.state.ruleset[.netdev]?.sets.first { $0.name.hasPrefix("former-") }?.elements)
        #expect((0..<former.count).contains { Array(former.value($0)) == mac.octets }, "its new MAC is in the kernel")
        web.wait(.seconds(60))
        web.look(quietFor: .seconds(60))
        #expect(web.state.transitions.isEmpty && !web.state.directBackends.contains(address))
    }

    /// Flows know addresses, not names.
    @Test func aRenamedBackendIsTheSame() throws {
        var web = try DirectFarm()
        let had = web.slots(of: 4)
        web.edit { $0.backends[3].name = "b4again" }
        web.settleWithEverybodyUp()
        let stayed = had.intersection(web.slots(of: 4))
        #expect(!stayed.isEmpty)
        #expect(web.transition()?.moves.keys.filter(stayed.contains).isEmpty ?? true)
    }

    @Test func aBackendThatMovedToAnotherAddressIsAnother() throws {
        var web = try DirectFarm()
        let had = web.slots(of: 4)
        web.edit { $0.backends[3].address = DirectFarm.address(44) }
        #expect(try had.isSubset(of: #require(web.transition()).moves.keys))
    }

    @Test func allDrainedIsATransitionToNobody() throws {
        var web = try DirectFarm(backends: 1)
        web.override(1, Self.drain)
        #expect(web.transition()?.moves.count == 179)
        #expect(web.state.compiledFarms["web"]?.slots[.ipv4] == [])
    }
}

/// How transitions end.
@Suite struct HandoverEndTests {
    private func draining(_ transports: [TransportProtocol] = [.tcp]) throws -> DirectFarm {
        var web = try DirectFarm(transports: transports)
        web.override(2, Override(admin: .drain))
        web.state.settled()
        return web
    }

    @Test func tcpEndsWhenTheOldPathHasBeenQuiet() throws {
        var web = try draining()
        web.wait(.seconds(59))
        let isEarly = web.look(quietFor: .seconds(59))
        #expect(!isEarly)
        web.wait(.seconds(1))
        let isEnded = web.look(quietFor: .seconds(60))
        #expect(isEnded && web.state.transitions.isEmpty)
    }

    @Test func silenceBeforeTheSlotsMovedDoesNotCount() throws {
        var web = try draining()
        web.wait(.seconds(1))
        let isEarly = web.look(quietFor: .seconds(3000))
        #expect(!isEarly)
    }

    @Test func silenceIsKnownOnlyByLooking() throws {
        var web = try draining()
        web.wait(.seconds(300))
        let isEarly = web.state.endHandovers([:])
        #expect(!isEarly)
        let unseen = PathUse(lastUse: web.state.now.advanced(by: .seconds(-300)), lastLook: web.state.now.advanced(by: .seconds(-250)))
        let isBlind = web.state.endHandovers(["web": unseen])
        #expect(!isBlind)
    }

    @Test func noTransitionOutlastsItsLimit() throws {
        var web = try draining()
        web.wait(.seconds(599))
        let isEarly = web.look(quietFor: .zero)
        #expect(!isEarly)
        #expect(web.state.nextHandoverEnd == web.state.now.advanced(by: .seconds(1)))
        web.wait(.seconds(1))
        let isEnded = web.look(quietFor: .zero)
        #expect(isEnded && web.state.transitions.isEmpty)
    }

    @Test func udpIsHeldForItsTimeAndNoLonger() throws {
        var web = try draining([.tcp, .udp])
        let moves = try #require(web.transition(.held)).moves
        #expect(moves.mapValues(\.destination) == web.transition()?.moves.mapValues(\.destination))
        web.wait(.seconds(29))
        let isEarly = web.look(quietFor: .zero)
        #expect(!isEarly)
        web.wait(.seconds(1))
        let isEnded = web.look(quietFor: .zero)
        #expect(isEnded)
        #expect(web.transition(.held) == nil && web.transition() != nil)
    }

    /// After the hold udp flows are with the second backend, while tcp flows may be with the first.
    @Test func udpThatMovesAgainHasAnOldSideOfItsOwn() throws {
        var web = try draining([.tcp, .udp])
        let had = web.slots(of: 3)
        web.wait(.seconds(30))
        web.look(quietFor: .zero)
        web.state.settled()
        web.override(3, Override(admin: .drain))
        let moves = try #require(web.transition(.held)).moves
        #expect(!had.isEmpty && had.allSatisfy { moves[$0]?.destination == web.destination(3) })
        #expect(try #require(web.transition()).moves.values.contains { $0.destination == web.destination(2) })
    }

    @Test func aLimitOfZeroHandsNothingOver() throws {
        var web = try DirectFarm(transports: [.tcp, .udp], settings: HandoverSettings(limit: .zero))
        web.override(2, Override(admin: .drain))
        #expect(web.state.transitions.isEmpty)
    }

    @Test func whatIsOverIsGoneFromTheRules() throws {
        var web = try DirectFarm()
        let before = web.state.ruleset
        web.override(2, Override(admin: .drain))
        web.state.settled()
        web.override(2, nil)
        web.state.settled()
        #expect(web.state.ruleset != before)
        web.wait(.seconds(600))
        web.look(quietFor: .zero)
        #expect(web.state.ruleset == before, "the steady state is what it was")
    }
}

/// What a change is compared with, and when nothing is.
@Suite struct HandoverScopeTests {
    private static let drain = Override(admin: .drain)

    @Test func aCommitThatFailedIsNoPast() throws {
        var web = try DirectFarm()
        let had = web.slots(of: 2)
        web.override(2, Self.drain)
        web.override(2, nil)
        #expect(web.state.transitions.isEmpty, "the kernel never had it")
        web.override(2, Self.drain)
        #expect(try Set(#require(web.transition()).moves.keys) == had)
    }

    @Test func anotherClassMovesEverySlotByTheOldCounting() throws {
        var web = try DirectFarm()
        web.edit { $0.tableSize = .slots(251) }
        let first = try #require(web.transition())
        #expect(first.moves.count == 179 && first.counting.tableSize == 179)
        web.state.settled()
        let left = web.slots(of: 2)
        web.override(2, Self.drain)
        let second = try #require(web.transition())
        #expect(second.moves == first.moves && !left.isEmpty, "who is not remembered began before the first change")
        #expect(second.strays[web.destination(2)] == web.state.now)
    }

    @Test func aClassThatChangesDuringATransitionTakesMovingSlotsAlong() throws {
        var web = try DirectFarm()
        let had = web.slots(of: 2)
        web.override(2, Self.drain)
        web.state.settled()
        web.edit { $0.scheduler = .maglev(.address) }
        let transition = try #require(web.transition())
        #expect(transition.moves.count == 179 && transition.counting.scheduler == .maglev(.addressAndPort))
        for slot in had { #expect(transition.moves[slot]?.destination == web.destination(2)) }
        #expect(Set(transition.strays.keys) == Set([1, 3, 4].map(web.destination)))
    }

    @Test func anotherFillingOfTheSameHashIsTheSameClass() throws {
        var web = try DirectFarm()
        web.edit { $0.scheduler = .hash(.addressAndPort) }
        let transition = try #require(web.transition())
        #expect((1..<179).contains(transition.moves.count))
    }

    @Test func whoKeepsConnectionsHimselfNeedsNone() throws {
        for (mode, scheduler) in [(ForwardingMode.dnat, Scheduler.maglev(.address)), (.dsr, .random), (.dsr, .roundRobin)] {
            var web = try DirectFarm()
            web.edit { ($0.mode, $0.scheduler) = (mode, scheduler) }
            web.settleWithEverybodyUp()
            web.override(2, Self.drain)
            #expect(web.state.transitions.isEmpty, "\(mode) \(scheduler)")
        }
    }

    @Test func aFarmThatGoesTakesItsTransitionAlong() throws {
        var web = try DirectFarm()
        web.override(2, Self.drain)
        web.state.settled()
        web.state.set(farms: [])
        #expect(web.state.transitions.isEmpty && web.state.directBackends.isEmpty)
    }
}
