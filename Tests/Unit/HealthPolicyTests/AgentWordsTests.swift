import FarmModel
import HealthPolicy
import Testing

/// HAProxy's words, each alone and together.
@Suite struct AgentWordsTests {
    @Test(arguments: [
        ("75%", ProbeAdvice(weight: .percent(75))), ("0%", ProbeAdvice(weight: .percent(0))), ("200%", ProbeAdvice(weight: .percent(200))),
        ("999999%", ProbeAdvice(weight: .percent(25_600))), ("weight:40", ProbeAdvice(weight: .absolute(40))),
        ("maxconn:30", ProbeAdvice(connectionLimit: 30)), ("up", ProbeAdvice(health: .up)),
        ("down", ProbeAdvice(health: .down("down"))), ("fail", ProbeAdvice(health: .down("fail"))),
        ("stopped", ProbeAdvice(health: .down("stopped"))), ("ready", ProbeAdvice(admin: .ready)), ("drain", ProbeAdvice(admin: .drain)),
        ("maint", ProbeAdvice(admin: .maintenance)), ("DOWN", ProbeAdvice(health: .down("down"))),
    ]) func eachWord(line: String, advice: ProbeAdvice) { #expect(AgentWords.parse(line) == advice) }

    @Test(arguments: [
        ("up 75%", ProbeAdvice(weight: .percent(75), health: .up)),
        ("75%,maxconn:30,maint,down", ProbeAdvice(weight: .percent(75), admin: .maintenance, connectionLimit: 30, health: .down("down"))),
        ("ready,up\t100%", ProbeAdvice(weight: .percent(100), admin: .ready, health: .up)),
        ("  drain  ", ProbeAdvice(admin: .drain)),
        ("stopped#disk full, 0% left", ProbeAdvice(health: .down("stopped: disk full, 0% left"))),
        ("fail # why", ProbeAdvice(health: .down("fail: why"))), ("up#fine", ProbeAdvice(health: .up)),
        ("50% 60%", ProbeAdvice(weight: .percent(60))), ("down up", ProbeAdvice(health: .up)),
        ("hello 50%", ProbeAdvice(weight: .percent(50))),
    ]) func severalWords(line: String, advice: ProbeAdvice) { #expect(AgentWords.parse(line) == advice) }

    /// Every pair of kinds, in both orders.
    @Test func everyCombination() throws {
        let words = ["75%", "maxconn:9", "up", "stopped", "drain", "ready"]
        for first in words {
            for second in words {
                let both = try #require(AgentWords.parse("\(first) \(second)"))
                let (one, other) = (try #require(AgentWords.parse(first)), try #require(AgentWords.parse(second)))
                #expect(both == other.over(one), "\(first) \(second)")
            }
        }
    }

    @Test(arguments: ["", " ", "#up", "hello", "75", "%", "-5%", "+5%", "7.5%", "maxconn:", "maxconn: 3", "weight:x", "9999999999%"])
    func whatSaysNothing(line: String) { #expect(AgentWords.parse(line) == nil) }

    @Test func whatIsLeftOutStaysAsItWas() {
        let earlier = ProbeAdvice(weight: .percent(50), admin: .drain, connectionLimit: 5, health: .down("down"))
        #expect(ProbeAdvice(health: .up).over(earlier) == ProbeAdvice(weight: .percent(50), admin: .drain, connectionLimit: 5, health: .up))
        #expect(ProbeAdvice().over(ProbeAdvice(isDegraded: true)) == ProbeAdvice())
        #expect(earlier.words == "weight 50%, drain, at most 5 connections" && ProbeAdvice(health: .up).words == nil)
    }

    @Test(arguments: [
        (CheckRequirement.all, [Verdict.up, .up], Verdict.up), (.all, [.up, .unknown], .unknown), (.all, [.up, .down, .unknown], .down),
        (.any, [.down, .up], .up), (.any, [.down, .unknown], .unknown), (.any, [.down, .down], .down),
        (.atLeast(2), [.up, .down, .up], .up),
        (.atLeast(2), [.up, .unknown, .down], .unknown), (.atLeast(2), [.up, .down, .down], .down), (.all, [], .up), (.any, [], .up),
    ]) func verdictOfSeveral(require: CheckRequirement, checks: [Verdict], whole: Verdict) { #expect(require.verdict(of: checks) == whole) }
}
