import FarmModel
import Glibc
import HealthPolicy
import NetTypes
import ProbeExchanges
import Testing

@testable import HealthProbing

/// Programs that probe: their codes, their words, and how they are kept in check.
@Suite(.timeLimit(.minutes(1))) struct ProgramTests {
    typealias Example = (end: ProgramEnd, output: String, convention: ExecCheck.Convention, outcome: ProbeOutcome)

    static let examples: [Example] = [
        (.code(0), "OK - fine | time=3ms\nmore\n", .nagios, .success("OK - fine")),
        (.code(0), "", .nagios, .success("exit code 0")),
        (.code(1), "slow", .nagios, .success("slow", advice: ProbeAdvice(isDegraded: true))),
        (.code(2), "\u{1B}[31mdead\u{7}\n", .nagios, .failure("[31mdead")),
        (.code(3), "who knows", .nagios, .unknown("who knows")),
        (.code(127), "", .nagios, .unknown("exit code 127")),
        (.code(0), "", .keepalived, .success("exit code 0")),
        (.code(1), "bad", .keepalived, .failure("bad")),
        (.code(2), "", .keepalived, .success("exit code 2", advice: ProbeAdvice(weight: .absolute(0)))),
        (.code(255), "", .keepalived, .success("exit code 255", advice: ProbeAdvice(weight: .absolute(253)))),
        (.signal(11), "half", .nagios, .failure("command was killed by signal 11")),
        (.code(127), "\u{0}\u{3}\u{2}", .keepalived, .failure("command cannot be run: No such file or directory")),
        (.code(127), "\u{0}\u{2}\u{1}", .nagios, .unknown("command cannot run as its user: Operation not permitted")),
        (.code(127), "\u{0}\u{1}\u{1}", .keepalived, .unknown("command cannot be started: Operation not permitted")),
        (.code(127), "\u{0}\u{3}\u{B}", .nagios, .unknown("command cannot be started: Resource temporarily unavailable")),
    ]

    @Test(arguments: examples.indices) func codesMeanWhatTheirConventionSays(index: Int) {
        let example = Self.examples[index]
        #expect(
            ProgramAnswer.outcome(example.end, output: Array(example.output.utf8), convention: example.convention) == example.outcome)
    }

    @Test func longWordsAreCut() {
        #expect(ProgramAnswer.firstLine(of: [UInt8](repeating: 0x61, count: 4096)).count == ProgramAnswer.longestReason)
        _ = ProgramAnswer.firstLine(of: [0xFF, 0xC0, 0x80, 0x0A])
    }

    @Test func usersAreThoseOfThisHost() throws {
        #expect(LocalUser.user("nobody:x:65534:65533:nobody:/:/bin/false", named: "nobody") == LocalUser(id: 65534, group: 65533))
        #expect(LocalUser.user("nobody:x:65534", named: "nobody") == nil && LocalUser.user("nobody2:x:1:1:a", named: "nobody") == nil)
        #expect(try LocalUser.named("root").id == 0)
        func words(_ name: String, in path: String = "/etc/passwd") -> String? {
            do throws(LocalUserTrouble) { _ = try LocalUser.named(name, in: path) } catch { return error.words }
            return nil
        }
        #expect(words("no such user") == "no user no such user in /etc/passwd")
        #expect(words("root", in: "/nonexistent") == "/nonexistent cannot be read: No such file or directory")
        #expect(words("root", in: "/etc") == "/etc cannot be read: Is a directory")
    }

    /// Root may run them as nobody, others as themselves.
    private static let user: String = geteuid() == 0 ? "nobody" : getpwuid(geteuid()).map { String(cString: $0.pointee.pw_name) } ?? ""

    private func loop(isAllowed: Bool = true) throws -> WatchedLoop { try WatchedLoop(settings: ProbeSettings(runsPrograms: isAllowed)) }

    private func shell(_ script: String, timeout: Int = 900, parallel: Int = 16, port: UInt16 = 80) -> ProbeTarget {
        let check = ExecCheck(command: ["/bin/sh", "-c", script, "{address}:{port}"], user: Self.user, maxParallel: parallel)
        return target(
            Endpoint(address: IPAddress(v4: 0x0A00_0001), port: port),
            HealthCheck(kind: .exec(check), interval: .seconds(1), timeout: .milliseconds(timeout), fall: 1))
    }

    private func report(_ target: ProbeTarget, isAllowed: Bool = true) async throws -> ProbeReport? {
        let watched = try loop(isAllowed: isAllowed)
        watched.probe(target)
        return await watched.next()
    }

    @Test func outputIsTheReasonAndThePlaceIsTold() async throws {
        let report = try await report(shell("echo $0 $ZVNFT_ADDRESS $ZVNFT_PORT $PWD; echo second"))
        #expect(report?.verdict == .up && report?.reason == "10.0.0.1:80 10.0.0.1 80 /")
        #expect(try await self.report(shell("echo wrong >&2; exit 2"))?.reason == "wrong")
    }

    @Test func programHasItsUserAndNothingOfOurs() async throws {
        let report = try await report(shell("echo $(id -un) $(id -G | wc -w) $(ls /proc/self/fd | wc -l) $(ulimit -n) $(cat)"))
        // 0, 1 and 2, and the one by which ls reads the folder.
        #expect(report?.reason.hasPrefix("\(Self.user) ") == true)
        if geteuid() == 0 { #expect(report?.reason.hasPrefix("nobody 1 4 ") == true) }
        let rights = try await self.report(shell("grep -E 'CapEff|SigBlk' /proc/self/status | tr -d '\\n\\t'"))
        if geteuid() == 0 { #expect(rights?.reason == "SigBlk:0000000000000000CapEff:0000000000000000") }
    }

    @Test func whatCannotBeRunIsDownWithTheReason() async throws {
        let place = Endpoint(address: IPAddress(v4: 0x0A00_0001), port: 80)
        func check(_ command: String, user: String = Self.user) -> ProbeTarget {
            target(place, quick(.exec(ExecCheck(command: [command], user: user)), fall: 1))
        }
        #expect(try await report(check("/nonexistent"))?.reason == "command cannot be run: No such file or directory")
        #expect(try await report(check("/etc"))?.reason == "command cannot be run: Permission denied")
    }

    @Test func userThatThisHostDoesNotKnowIsOurTrouble() async throws {
        let check = HealthCheck(
            kind: .exec(ExecCheck(command: ["/bin/true"], user: "no-such-user", maxParallel: 1)), interval: .milliseconds(100), fall: 1)
        let (first, second) = (1, 2) as (UInt32, UInt32)
        let targets = [first, second].map { target(Endpoint(address: IPAddress(v4: $0), port: 80), check) }
        let watched = try loop()
        watched.probe(targets[0], targets[1])
        #expect(try await watched.waits { loop in targets.allSatisfy { (loop.state(of: $0)?.counts.late ?? 0) > 1 } })
        let state = watched.loop.state(of: targets[0])
        #expect(state?.verdict == .unknown && state?.history.last?.result == .late("no user no-such-user in /etc/passwd"))
    }

    @Test func programsAreOffUnlessAllowed() async throws {
        let watched = try loop(isAllowed: false)
        let target = shell("exit 0")
        watched.probe(target)
        #expect(try await watched.waits { ($0.state(of: target)?.counts.late ?? 0) > 0 })
        #expect(watched.loop.state(of: target)?.history.last?.result == .late("execProbes is off in the daemon's settings"))
    }

    @Test func hungProgramIsKilledWithAllThatItStarted() async throws {
        let marker = "86\(getpid() % 10_000)7"
        let report = try await report(shell("sleep \(marker) & sleep \(marker)", timeout: 200))
        #expect(report?.verdict == .down && report?.reason == "command did not end within 200 ms")
        try await expectGone(marker)
    }

    @Test func whatAProgramLeavesBehindEndsWithIt() async throws {
        let marker = "85\(getpid() % 10_000)7"
        #expect(try await report(shell("sleep \(marker) & echo left"))?.reason == "left")
        try await expectGone(marker)
    }

    /// Killed processes take a moment to go.
    private func expectGone(_ marker: String) async throws {
        for _ in 0..<200 where isRunning(marker) { try await Task.sleep(for: .milliseconds(10)) }
        #expect(!isRunning(marker))
    }

    private func isRunning(_ marker: String) -> Bool { system("pgrep -f '[s]leep \(marker)' >/dev/null") == 0 }

    @Test func endlessOutputIsStopped() async throws {
        #expect(try await report(shell("exec cat /dev/zero"))?.reason == "command wrote more than 1 MiB")
    }

    @Test func programsBeyondTheBoundWaitForTheirTurn() async throws {
        let watched = try loop()
        let targets = (1...6).map { shell("sleep 0.4; echo done", timeout: 900, parallel: 2, port: $0) }
        watched.loop.setTargets(Dictionary(uniqueKeysWithValues: targets.map { ($0, Verdict?.none) }))
        for _ in targets { #expect(await watched.next()?.verdict == .up) }
        #expect(watched.loop.counts().postponed > 0)
    }

    /// The bound is each check's, and so is the line of those that wait.
    @Test func checkWhoseProgramsHangHoldsUpNoOther() async throws {
        let watched = try loop()
        var targets: [ProbeTarget: Verdict?] = [:]
        for port in 1...4 { targets[shell("sleep 5", timeout: 900, parallel: 1, port: UInt16(port))] = .some(nil) }
        let fine = (5...8).map { shell("echo fine", parallel: 1, port: UInt16($0)) }
        for target in fine { targets[target] = .some(nil) }
        watched.loop.setTargets(targets)
        #expect(try await watched.waits { loop in fine.allSatisfy { (loop.state(of: $0)?.counts.successes ?? 0) >= 2 } })
        #expect(watched.loop.counts().postponed > 0)
    }

    @Test func placesAreOfOneCheckAndAreTakenInTurn() {
        let (narrow, wide) = (ExecCheck(command: ["/a"], maxParallel: 1), ExecCheck(command: ["/b"], maxParallel: 2))
        var places = ProgramPlaces()
        #expect(places.take(narrow, for: 1) && !places.take(narrow, for: 2) && !places.take(narrow, for: 3))
        #expect(places.take(wide, for: 4) && places.take(wide, for: 5) && !places.take(wide, for: 6) && places.running == 3)
        #expect(!places.hasNext && places.popNext() == nil)
        places.giveBack(narrow)
        #expect(places.hasNext && places.popNext() == 2)
        // 2 has gone meanwhile.
        #expect(places.popNext() == 3 && places.take(narrow, for: 3) && places.popNext() == nil && !places.hasNext)
        places.giveBack(wide)
        places.giveBack(wide)
        #expect(places.popNext() == 6 && places.take(wide, for: 6) && places.popNext() == nil && places.running == 2)
    }

    /// Of targets that go, one waits while another runs: the rest get their turn.
    @Test func placeOfATargetThatGoesIsGivenOn() async throws {
        let watched = try loop()
        let hung = shell("sleep 50", timeout: 900, parallel: 1, port: 1)
        guard case .exec(let check) = hung.check.kind else { return }
        let targets = (2...4).map {
            target(
                Endpoint(address: hung.address, port: $0), HealthCheck(kind: .exec(check), interval: .seconds(60), timeout: .seconds(50)))
        }
        watched.probe(targets[0])
        #expect(try await watched.waits { $0.counts().inFlight == 1 })
        watched.probe(targets[0], targets[1], targets[2])
        #expect(try await watched.waits { $0.counts().postponed == 2 })
        watched.probe(targets[2])
        #expect(try await watched.waits { $0.counts().inFlight == 1 && $0.counts().started == 2 })
    }

    @Test func othersAreProbedWhileProgramsHang() async throws {
        let server = try LoopbackServer()
        defer { server.stop() }
        let watched = try loop()
        let fine = target(server.endpoint, quick())
        var targets: [ProbeTarget: Verdict?] = [fine: nil]
        for port in 1...8 { targets[shell("sleep 5", timeout: 900, port: UInt16(port))] = .some(nil) }
        watched.loop.setTargets(targets)
        #expect(try await watched.waits { ($0.state(of: fine)?.counts.successes ?? 0) >= 10 })
        #expect(watched.loop.state(of: fine)?.counts.failures == 0)
    }
}
