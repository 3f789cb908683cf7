import FarmModel
import HealthPolicy
import NetTypes
import Testing

@testable import HealthProbing

@Suite struct CompositeBoardTests {
    private static let address = IPAddress(v4: 0x0A00_0001)
    private static let start = MonotonicInstant(nanoseconds: 0)

    private static func target(_ check: HealthCheck, port: UInt16 = 80) -> ProbeTarget {
        ProbeTarget(address: address, port: port, check: check)
    }
    private static func group(_ require: CheckRequirement) -> ProbeTarget {
        let checks = [HealthCheck(kind: .tcp), HealthCheck(kind: .http(HTTPCheck()), port: 8080)]
        return target(HealthCheck(kind: .group(CheckGroup(checks: checks, require: require))))
    }
    private static func withAgent(_ kind: HealthCheck.Kind = .tcp) -> ProbeTarget {
        var check = HealthCheck(kind: kind)
        check.agent = AgentCheck(port: 5555)
        return target(check)
    }

    private func report(_ target: ProbeTarget, _ verdict: Verdict, _ reason: String = "why", advice: ProbeAdvice? = nil) -> ProbeReport {
        let transition = VerdictTransition(previous: .unknown, verdict: verdict, reason: reason, at: MonotonicInstant(nanoseconds: 5))
        return ProbeReport(target: target, transition: transition, advice: advice)
    }

    private func board(_ target: ProbeTarget, lastKnown: Verdict? = nil) -> CompositeBoard {
        var board = CompositeBoard()
        _ = board.setTargets([target: lastKnown], at: Self.start)
        return board
    }

    @Test func partsAreProbedAtTheirOwnPlaces() {
        let whole = Self.group(.all)
        var board = CompositeBoard()
        let probed = board.setTargets([whole: nil, Self.target(HealthCheck(kind: .tcp), port: 9): nil], at: Self.start)
        #expect(Set(probed.keys.map(\.port)) == [80, 8080, 9] && !probed.keys.contains(where: \.isComposite))
        #expect(whole.probes.map(\.port) == [80, 8080] && Self.withAgent().probes.map(\.port) == [80, 5555])
    }

    @Test func aGroupIsUpWhenEnoughAre() throws {
        for (require, afterOne) in [(CheckRequirement.all, Verdict?.none), (.any, .up), (.atLeast(2), nil)] {
            let whole = Self.group(require)
            var board = board(whole)
            #expect(board.translate([report(whole.parts[0], .up)]).first?.verdict == afterOne)
            let second = board.translate([report(whole.parts[1], .up)]).first
            #expect(second?.verdict == (afterOne == nil ? .up : nil))
            #expect(board.state(of: whole)?.verdict == .up)
        }
    }

    @Test func aGroupSaysWhyItIsDown() {
        let whole = Self.group(.all)
        var board = board(whole)
        _ = board.translate([report(whole.parts[0], .up)])
        let down = board.translate([report(whole.parts[1], .down, "status 503")]).first
        #expect(down?.target == whole && down?.verdict == .down && down?.previous == .unknown)
        #expect(down?.reason == "1 of 2 checks succeeds, http 10.0.0.1:8080: status 503")
    }

    @Test func whatWasKnownHoldsUntilEnoughHaveSpoken() {
        let whole = Self.group(.all)
        var board = board(whole, lastKnown: .up)
        #expect(board.translate([report(whole.parts[0], .up)]).isEmpty)
        #expect(board.translate([report(whole.parts[1], .down)]).first?.previous == .up)
    }

    @Test func aPartThatIsKnownAlreadyCountsAtOnce() {
        let whole = Self.group(.any)
        var board = board(whole)
        let known = HealthState(combined: .up, since: Self.start, reason: "connected", advice: nil)
        let reports = board.catchUp(at: Self.start) { $0 == whole.parts[0] ? known : nil }
        #expect(reports.map(\.verdict) == [.up])
        #expect(board.catchUp(at: Self.start) { _ in nil }.isEmpty)
    }

    @Test func aPartThatIsWantedByItselfIsReportedToo() {
        let whole = Self.group(.any)
        var board = CompositeBoard()
        _ = board.setTargets([whole: nil, whole.parts[0]: nil], at: Self.start)
        #expect(board.translate([report(whole.parts[0], .up)]).map(\.target) == [whole.parts[0], whole])
    }

    @Test func agentsWordsStayUntilItSaysOtherwise() throws {
        let whole = Self.withAgent()
        let agent = try #require(whole.agent)
        var board = board(whole)
        _ = board.translate([report(whole.parts[0], .up)])
        func say(_ line: String) -> ProbeReport? {
            board.translate([report(agent, .up, line, advice: AgentWords.parse(line))]).first
        }
        #expect(say("50%")?.advice == ProbeAdvice(weight: .percent(50)))
        #expect(say("drain")?.advice == ProbeAdvice(weight: .percent(50), admin: .drain))
        let down = say("stopped#backup")
        #expect(down?.verdict == .down && down?.reason == "agent says stopped: backup")
        // Silence changes nothing.
        #expect(board.translate([report(agent, .down, "connection refused", advice: AgentWords.parse("stopped#backup"))]).isEmpty)
        #expect(board.translate([report(whole.parts[0], .down), report(whole.parts[0], .up)]).isEmpty)
        #expect(say("ready up 100%")?.verdict == .up)
        #expect(board.state(of: whole)?.advice?.weight == .percent(100) && board.state(of: whole)?.advice?.admin == .ready)
    }

    @Test func agentsUpDoesNotRaiseTheDead() throws {
        let whole = Self.withAgent()
        let agent = try #require(whole.agent)
        var board = board(whole)
        _ = board.translate([report(whole.parts[0], .down)])
        _ = board.translate([report(agent, .up, "up", advice: AgentWords.parse("up"))])
        #expect(board.state(of: whole)?.verdict == .down)
    }

    @Test func anAgentAloneIsUpUntilItSaysDown() throws {
        let whole = Self.withAgent(.none)
        let agent = try #require(whole.agent)
        var board = board(whole)
        #expect(board.catchUp(at: Self.start) { _ in nil }.map(\.verdict) == [.up])
        #expect(board.translate([report(agent, .up, "fail", advice: AgentWords.parse("fail"))]).first?.verdict == .down)
        #expect(board.translate([report(agent, .up, "up", advice: AgentWords.parse("up"))]).first?.verdict == .up)
    }

    @Test func oneWarningIsAWarningOfTheWhole() {
        let whole = Self.group(.all)
        var board = board(whole)
        _ = board.translate([report(whole.parts[0], .up)])
        let up = board.translate([report(whole.parts[1], .up, "status 200", advice: ProbeAdvice(isDegraded: true))]).first
        #expect(up?.advice == ProbeAdvice(isDegraded: true) && up?.isAdviceNews == true)
    }
}

@Suite(.timeLimit(.minutes(1))) struct ProbedAgentTests {
    /// Through the whole engine: words of a real agent, and what is made of them.
    @Test func wordsOfAnAgentCome() async throws {
        let server = try LoopbackServer()
        let agent = try LoopbackServer(serve: { LoopbackServer.write("25% drain\n", to: $0) })
        defer {
            server.stop()
            agent.stop()
        }
        let (stream, continuation) = AsyncStream<ProbeReport>.makeStream()
        let prober = try CompositeProber { for report in $0 { continuation.yield(report) } }
        try prober.start()
        defer { prober.stop() }
        var check = quick()
        check.agent = AgentCheck(port: agent.endpoint.port, interval: .milliseconds(100))
        let whole = target(server.endpoint, check)
        prober.setTargets([whole: Verdict?.none])
        for await report in stream where report.verdict == .up && report.advice != nil {
            #expect(report.advice == ProbeAdvice(weight: .percent(25), admin: .drain) && report.target == whole)
            break
        }
        #expect(prober.state(of: whole)?.verdict == .up && prober.snapshot()[whole] != nil)
    }
}
