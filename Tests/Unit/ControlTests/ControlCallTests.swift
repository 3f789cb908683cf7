import ControlAPI
import ControlClient
import Glibc
import Testing

/// Each call, from the client's method through the socket to the service and back.
@Suite struct ControlCallTests {
    @Test func viewsArriveAsTheyWereSent() async throws {
        try await RunningServer.with { server async throws in
            #expect(try await server.client.status() == Sample.status(degraded: false))
            #expect(try await server.client.farms() == FarmList(farms: [Sample.web]))
            let detail = FarmDetail(farm: Sample.web, backends: [Sample.bracketed, Sample.web1], source: "farms.d/web.yaml:1")
            #expect(try await server.client.farm("web") == detail)
            #expect(try await server.client.backends(farm: "web").backends == detail.backends)
            #expect(try await server.client.rules(farm: "web").text.hasPrefix("table ip zvnft"))
            let trace = Sample.trace(from: "198.51.100.7:40000", to: "[2001:db8::10]:443/udp")
            #expect(try await server.client.trace(from: trace.from, to: trace.to) == trace)
        }
    }

    @Test func sessionsArriveAndAreDeletedByClientAndBackend() async throws {
        try await RunningServer.with { server async throws in
            #expect(try await server.client.sessions() == SessionList(sessions: Sample.sessions))
            #expect(try await server.client.sessions(farm: "other").sessions.isEmpty)
            #expect(try await server.client.deleteSessions(farm: "web", client: nil, backend: nil).deleted == 2)
            #expect(try await server.client.deleteSessions(farm: "web", client: "192.0.2.7", backend: "web1").deleted == 1)
            #expect(try await server.client.deleteSessions(farm: "web", client: "2001:db8::7", backend: nil).deleted == 0)
        }
    }

    @Test func connectionsAreCountedOnlyWhenAsked() async throws {
        try await RunningServer.with { server async throws in
            #expect(try await server.client.backends().backends.allSatisfy { $0.connections == nil })
            #expect(try await server.client.backends(countingConnections: true).backends.allSatisfy { $0.connections == 12 })
            #expect(await server.balancer.asked.countings == [false, true])
        }
    }

    @Test func overridesNameTheirBackendWhateverItsCharacters() async throws {
        try await RunningServer.with { server async throws in
            let view = try await server.client.override(farm: "web", backend: "[fd00:1::13]:8080", OverrideRequest(admin: "drain"))
            #expect(view.name == "[fd00:1::13]:8080" && view.admin == "drain" && view.isOverridden)
            _ = try await server.client.override(farm: "web", backend: "web1", OverrideRequest(weight: 3))
            let dropped = try await server.client.override(farm: "web", backend: "web1", nil)
            #expect(!dropped.isOverridden)
            #expect(await server.balancer.asked.overrides == [OverrideRequest(admin: "drain"), OverrideRequest(weight: 3), nil])
        }
    }

    @Test func changesCarryTheUserAtTheOtherEnd() async throws {
        try await RunningServer.with { server async throws in
            _ = try await server.client.apply(ApplyRequest())
            let user = String(cString: try #require(getpwuid(getuid())).pointee.pw_name)
            #expect(await server.balancer.asked.callers == ["lbctl:\(user)"])
        }
    }

    @Test func planIsADryRun() async throws {
        try await RunningServer.with { server async throws in
            _ = try await server.client.plan()
            _ = try await server.client.apply(ApplyRequest(dryRun: false, force: true))
            #expect(await server.balancer.asked.applies == [ApplyRequest(dryRun: true), ApplyRequest(force: true)])
        }
    }

    @Test(arguments: [
        Problem(title: "Conflict", status: 409, detail: "moves 80% of the slots; needs --force"),
        Problem(title: "Bad farm files", status: 422, detail: "nothing was changed", faults: ["error[E012]: unknown key"]),
        Problem(title: "Kernel refused", status: 503, detail: "ENOMEM"),
    ])
    func problemsArriveWhole(_ problem: Problem) async throws {
        try await RunningServer.with { server async throws in
            await server.balancer.fail(with: problem)
            await #expect(throws: problem) { try await server.client.status() }
            await #expect(throws: problem) { try await server.client.apply(ApplyRequest()) }
        }
    }

    @Test func unknownNamesAreNotFound() async throws {
        try await RunningServer.with { server async throws in
            await #expect(throws: Problem.missing("farm we%2Fb")) { try await server.client.farm("we%2Fb") }
            await #expect(throws: Problem.missing("backend a/b")) {
                try await server.client.override(farm: "web", backend: "a/b", nil)
            }
        }
    }
}
