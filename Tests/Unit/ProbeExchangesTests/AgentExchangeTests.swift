import HealthPolicy
import Testing

@testable import ProbeExchanges

@Suite struct AgentExchangeTests {
    @Test(arguments: [
        Talk("line", "75%\n", .success("75%", advice: ProbeAdvice(weight: .percent(75)))),
        Talk("line of DOS", "drain\r\n", .success("drain", advice: ProbeAdvice(admin: .drain))),
        Talk("no line end", "up", .closed, .success("up", advice: ProbeAdvice(health: .up))),
        Talk("no line end and open", "up", .expired, .silence("answer not complete")),
        Talk("only the first line counts", "up\ndown\n", .success("up", advice: ProbeAdvice(health: .up))),
        Talk("nothing known", "hello\n", .failure("says nothing that is known: hello")),
        Talk("endless", String(repeating: "u", count: 3000), .failure("answer too long")),
        Talk("closed", "", .closed, .silence("closed without an answer")), Talk("silent", "", .expired, .silence("no answer")),
    ]) func answers(_ talk: Talk) {
        #expect(talk.judge(AgentExchange(send: Array("web1\n".utf8))).sent == Array("web1\n".utf8))
    }
}
