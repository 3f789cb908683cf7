import ControlAPI
import Testing

/// Command lines against a server: what they ask, print and leave with.
@Suite struct LbctlTests {
    @Test func statusShowsOneScreenAndLeavesWithSixWhenDegraded() async throws {
        try await RunningServer.with { server async throws in
            let healthy = await LbctlRun.of("status", on: server)
            #expect(healthy.code == 0 && healthy.output.contains("farms        1: 1 up, 0 degraded, 0 down"))
            #expect(healthy.output.contains("[fd00:1::13]:8080") && !healthy.output.contains("10.0.1.11"))
            #expect(healthy.output.contains("web   degraded      1/2     1  [fd00:1::13]:8080: connection refused\n"), "\(healthy.output)")
            await server.balancer.degrade(true)
            let degraded = await LbctlRun.of("status", "-o", "json", on: server)
            #expect(degraded.code == 6 && degraded.output.contains("\"generation\": 42"))
        }
    }

    @Test func statusWaitsUntilAllIsWell() async throws {
        try await RunningServer.with { server async throws in
            await server.balancer.degrade(true)
            let hasty = await LbctlRun.of("status", "--wait", "--timeout", "1ms", on: server)
            #expect(hasty.code == 6)
            async let patient = LbctlRun.of("status", "--wait", on: server)
            await server.balancer.degrade(false)
            #expect(await patient.code == 0)
        }
    }

    @Test func listsComeInEveryFormat() async throws {
        try await RunningServer.with { server async throws in
            #expect(await LbctlRun.of("farm", "list", "-o", "name", on: server).output == "web\n")
            #expect(await LbctlRun.of("farm", "list", on: server).output.contains("web   degraded  dnat  maglev"))
            #expect(await LbctlRun.of("backend", "list", "web", "-o", "name", on: server).output == "web/[fd00:1::13]:8080\nweb/web1\n")
            #expect(await LbctlRun.of("backend", "list", "-o", "json", on: server).output.contains("\"connections\": 12"))
            let shown = await LbctlRun.of("farm", "show", "web", "-o", "yaml", on: server).output
            #expect(shown.hasPrefix("backends:\n- address: \"fd00:1::13\"\n"))
            #expect(await LbctlRun.of("rules", on: server).output.hasPrefix("table ip zvnft {"))
        }
    }

    @Test func whyTellsOfProbesAndPolicy() async throws {
        try await RunningServer.with { server async throws in
            let words = await LbctlRun.of("why", "web/web1", on: server).output
            for part in [
                "web: degraded\n", "ipv4: 1 of 3 healthy; quorum 1; tiers 1; PANIC: all are used", "  gets new connections\n",
                "neighbour 02:00:00:00:00:0b via eth1", "2 relapses in a row", "1 ejection in a row", "turned up: connected",
                "failure after 0.25 ms: connection refused", "7 succeeded, 2 failed, 1 were late (ours)",
            ] { #expect(words.contains(part), "\(part) in \(words)") }
            #expect(await LbctlRun.of("why", "web", "-o", "json", on: server).output.contains("\"panicThreshold\": 50"))
            #expect(await LbctlRun.of("why", "nothing", on: server).code == 3)
            #expect(await LbctlRun.of("why", on: server).code == 2)
        }
    }

    @Test func sessionsAreListedAndDeleted() async throws {
        try await RunningServer.with { server async throws in
            let list = await LbctlRun.of("session", "list", on: server).output
            #expect(list.contains("192.0.2.7") && list.contains("13s") && list.contains("(gone)"), "\(list)")
            let deleted = await LbctlRun.of("session", "delete", "web", "--client", "192.0.2.7", on: server)
            #expect(deleted.output == "1 session deleted\n")
            #expect(await LbctlRun.of("session", "delete", "web", "--all", on: server).output == "2 sessions deleted\n")
            #expect(await LbctlRun.of("session", "delete", "web", on: server).code == 2)
        }
    }

    @Test func overridesAreSentAndShown() async throws {
        try await RunningServer.with { server async throws in
            let drained = await LbctlRun.of("backend", "drain", "web/[fd00:1::13]:8080", on: server)
            #expect(drained.output == "web/[fd00:1::13]:8080: drain (override), down, weight 0 (file: 10), share 0%\n")
            #expect(await LbctlRun.of("backend", "weight", "web/web1", "3", on: server).code == 0)
            #expect(await LbctlRun.of("backend", "maintenance", "web/web1", on: server).code == 0)
            #expect(await LbctlRun.of("backend", "ready", "web/web1", "--wait", on: server).code == 0)
            #expect(await LbctlRun.of("backend", "reset", "web/web1", on: server).code == 0)
            let expected = [
                OverrideRequest(admin: "drain"), OverrideRequest(weight: 3), OverrideRequest(admin: "maintenance"),
                OverrideRequest(admin: "ready"), nil,
            ]
            #expect(await server.balancer.asked.overrides == expected)
        }
    }

    @Test func drainWaitsForTheLastConnection() async throws {
        try await RunningServer.with { server async throws in
            await server.balancer.count([2, 0])
            #expect(await LbctlRun.of("backend", "drain", "web/web1", "--wait", on: server).code == 0)
            await server.balancer.count([7])
            let tired = await LbctlRun.of("backend", "drain", "web/web1", "--wait", "--timeout", "10ms", on: server)
            #expect(tired.code == 1 && tired.errors == "error: web/web1: still 7 connections after the time to wait\n")
            await server.balancer.count([nil])
            #expect(await LbctlRun.of("backend", "drain", "web/web1", "--wait", on: server).errors.contains("are not tracked"))
        }
    }

    @Test func planLeavesWithOneWhenSomethingDiffers() async throws {
        try await RunningServer.with { server async throws in
            let same = await LbctlRun.of("plan", on: server)
            #expect(same.code == 0 && same.output == "nothing changes\n")
            await server.balancer.degrade(true)
            let differs = await LbctlRun.of("plan", on: server)
            #expect(differs.code == 1 && differs.output.hasPrefix("+ mail\n~ web\nelements: 127 added, 13 removed\nslots moved: 12%\n"))
            await server.balancer.fail(with: Problem(title: "Bad farm files", status: 422, detail: "nothing was changed"))
            #expect(await LbctlRun.of("plan", on: server).code == 2)
        }
    }

    @Test func applyCarriesItsFlags() async throws {
        try await RunningServer.with { server async throws in
            #expect(await LbctlRun.of("apply", "--dry-run", on: server).code == 0)
            #expect(await LbctlRun.of("apply", "--force", on: server).code == 0)
            #expect(await server.balancer.asked.applies == [ApplyRequest(dryRun: true), ApplyRequest(force: true)])
        }
    }

    @Test func aDryRunLeavesWithFourWhereTheApplyWould() async throws {
        try await RunningServer.with { server async throws in
            await server.balancer.degrade(true)
            await server.balancer.exceedRadius()
            let dry = await LbctlRun.of("apply", "--dry-run", on: server)
            #expect(dry.code == 4 && dry.output.contains("needs --force") && dry.errors.contains("`lbctl apply --force`"))
            #expect(await LbctlRun.of("apply", "--dry-run", "--force", on: server).code == 0)
            #expect(await LbctlRun.of("plan", on: server).code == 1, "a plan says that something would change")
        }
    }

    @Test func theFormatMayStandBeforeTheVerb() async throws {
        try await RunningServer.with { server async throws in
            let expected = await LbctlRun.of("farm", "list", "-o", "json", on: server)
            #expect(expected.code == 0)
            for words in [["-o", "json"], ["--output", "json"], ["--output=json"], ["-o=json"]] {
                #expect(await LbctlRun.of(words + ["farm", "list"], on: server).output == expected.output, "\(words)")
            }
        }
    }

    @Test func traceShowsStepsAndOutcomes() async throws {
        try await RunningServer.with { server async throws in
            let trace = await LbctlRun.of("trace", "--from", "198.51.100.7:1", "--to", "203.0.113.10:80", on: server)
            #expect(
                trace.output == """
                    198.51.100.7:1 -> 203.0.113.10:80
                      ip prerouting rule 1: ip daddr . tcp dport vmap @services -> goto maglev-127

                    SHARE  RESULT               FARM  BACKEND
                     100%  dnat 10.0.1.11:8080  web   web1

                    """
            )
        }
    }

    @Test func monitorPrintsEventsUntilTheDaemonStops() async throws {
        try await RunningServer.with { server async throws in
            async let lines = LbctlRun.of("monitor", "-o", "jsonl", on: server)
            async let text = LbctlRun.of("monitor", "--farm", "web", on: server)
            await server.balancer.followed(by: 2)
            await server.balancer.emit(Sample.event)
            await server.group.triggerGracefulShutdown()
            #expect(await lines.code == 5)
            #expect(await lines.output == String(decoding: try ControlJSON.encode(Sample.event), as: UTF8.self) + "\n")
            #expect(await text.output == "2026-01-02T03:04:05.678Z verdict web/web1 down: connection refused\n")
            #expect(await lines.errors.hasPrefix("watching all farms (Ctrl-C ends)\n"))
            #expect(await text.errors.hasPrefix("watching farm web (Ctrl-C ends)\n"))
        }
    }

    @Test func aFarmThatIsNotThereIsNotWatched() async throws {
        try await RunningServer.with { server async throws in
            let run = await LbctlRun.of("monitor", "--farm", "wbe", on: server)
            #expect(run.code == 3 && run.errors == "error: there is no farm wbe\n")
        }
    }

    @Test(arguments: [(400, 2), (404, 3), (409, 4), (412, 4), (413, 1), (422, 1), (500, 1), (503, 1)] as [(Int, Int32)])
    func problemsBecomeExitCodes(_ status: Int, _ code: Int32) async throws {
        try await RunningServer.with { server async throws in
            await server.balancer.fail(with: Problem(title: "Refused", status: status, detail: "so it is", faults: ["error[E012]: fault"]))
            let run = await LbctlRun.of("apply", on: server)
            #expect(run.code == code && run.output.isEmpty)
            // What HTTP calls a request that is at fault, or a name that is not there, is no word for a person.
            let title = [400, 404].contains(status) ? "" : "Refused: "
            #expect(run.errors == "error[E012]: fault\n\nerror: \(title)so it is\n")
        }
    }

    @Test func anAbsentDaemonIsUnreachable() async throws {
        let run = await LbctlRun.of("status", "--socket", "/tmp/zvnft-test-nobody")
        #expect(run.code == 5 && run.errors.contains("is zvnftd running"))
        #expect(await LbctlRun.of("plan", "--socket", "/tmp/zvnft-test-nobody").code == 5)
        #expect(await LbctlRun.of("status", "--wait", "--timeout", "1ms", "--socket", "/tmp/zvnft-test-nobody").code == 5)
    }

    @Test func whatThePeerSaysCannotSteerTheTerminal() async throws {
        try await RunningServer.with { server async throws in
            await server.balancer.fail(with: Problem(title: "a\u{1B}[2J", status: 500, detail: "b\u{9B}1m\nc\u{202E}"))
            let run = await LbctlRun.of("status", on: server)
            #expect(run.errors == "error: a\u{FFFD}[2J: b\u{FFFD}1m\nc\u{FFFD}\n")
        }
    }
}
