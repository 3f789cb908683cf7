import FarmModel
import HealthPolicy
import NetTypes
import Testing

@testable import ReconcilePolicy

/// A daemon that starts goes on with what the kernel does.
@Suite struct HandoverRestartTests {
    /// What the next daemon makes of the kernel that `web` has left behind.
    private func restarted(
        _ web: DirectFarm, farm: Farm? = nil, kept: [String: [Transition]], overrides: [BackendID: Override]? = nil
    ) -> DirectFarm {
        var next = web
        next.farm = farm ?? web.farm
        next.state = DesiredState(handover: DirectFarm.settings)
        next.state.now = web.state.now.advanced(by: .seconds(1))
        next.state.set(overrides: overrides ?? web.state.overrides)
        next.state.set(farms: [next.farm])
        next.state.expect(formerBackendsOf: [web.farm], kept: kept)
        next.state.set(verdicts: web.state.verdicts)
        next.learnNextHops()
        next.state.restoreServed(from: web.state.ruleset, formerly: [web.farm], kept: kept)
        return next
    }

    private func stored(_ web: DirectFarm) -> [String: [Transition]] { KeptHandovers(web.state.transitions).transitions }

    private func draining(_ mode: ForwardingMode, _ transports: [TransportProtocol] = [.tcp, .udp]) throws -> DirectFarm {
        var web = try DirectFarm(mode: mode, transports: transports)
        web.override(2, Override(admin: .drain))
        web.state.settled()
        web.wait(.seconds(3))
        web.override(3, Override(weight: 3))
        web.state.settled()
        return web
    }

    @Test(arguments: [ForwardingMode.dsr, .stateless]) func whatIsStoredIsRead(mode: ForwardingMode) throws {
        let web = try draining(mode)
        #expect(stored(web) == web.state.transitions)
    }

    @Test(arguments: [ForwardingMode.dsr, .stateless]) func aRestartGoesOnWithATransition(mode: ForwardingMode) throws {
        let web = try draining(mode)
        let next = restarted(web, kept: stored(web))
        #expect(next.state.transitions == web.state.transitions)
        #expect(next.state.ruleset == web.state.ruleset, "there is nothing to send")
    }

    @Test(arguments: [ForwardingMode.dsr, .stateless]) func withoutItsFileARestartKnowsMovesFromTheKernel(mode: ForwardingMode) throws {
        let web = try draining(mode)
        let next = restarted(web, kept: [:])
        let (before, after) = (try #require(web.transition()), try #require(next.transition()))
        #expect(after.moves.mapValues(\.destination) == before.moves.mapValues(\.destination))
        #expect(Set(before.strays.keys).isSubset(of: after.strays.keys), "anybody may have strayed")
        #expect(next.state.ruleset == web.state.ruleset)
    }

    @Test(arguments: [ForwardingMode.dsr, .stateless]) func whatChangedMeanwhileIsHandedOver(mode: ForwardingMode) throws {
        let web = try DirectFarm(mode: mode)
        var farm = web.farm
        farm.backends.removeLast()
        let next = restarted(web, farm: farm, kept: [:])
        let transition = try #require(next.transition())
        for slot in web.slots(of: 4) { #expect(transition.moves[slot]?.destination == web.destination(4)) }
    }

    @Test func aClassThatChangedMeanwhileIsHandedOver() throws {
        let web = try DirectFarm()
        var farm = web.farm
        farm.tableSize = .slots(509)
        let transition = try #require(restarted(web, farm: farm, kept: [:]).transition())
        #expect(transition.moves.count == 179 && transition.counting.tableSize == 179)
    }

    /// Overrides are stored before the kernel has them or after: only the kernel says which.
    @Test func theKernelAndNotTheFilesSayWhatWas() throws {
        let web = try DirectFarm()
        let overrides = [BackendID(farm: "web", backend: "b2"): Override(admin: .drain)]
        let next = restarted(web, kept: [:], overrides: overrides)
        #expect(try Set(#require(next.transition()).moves.keys) == web.slots(of: 2))
    }

    @Test func whatTheKernelDoesNotDoIsNotBelieved() throws {
        var web = try DirectFarm()
        web.override(2, Override(admin: .drain))
        let kept = stored(web)
        web.override(2, nil)
        #expect(restarted(web, kept: kept).state.transitions.isEmpty)
    }

    @Test func aFreshKernelHasNothingToHandOver() throws {
        var next = try DirectFarm()
        next.state.restoreServed(from: .init(), formerly: [next.farm], kept: [:])
        #expect(next.state.transitions.isEmpty)
        next.override(2, Override(admin: .drain))
        #expect(next.state.transitions.isEmpty, "nothing is served yet")
    }
}
