import FarmModel
import NetTypes
import Testing

@testable import ProbeExchanges

@Suite struct HTTPReuseTests {
    /// What comes over a kept connection in the place of an answer, and what the probe makes of it; `silence` is asked again elsewhere.
    struct Reply: Sendable, CustomTestStringConvertible {
        let testDescription, text: String
        let outcome: ProbeOutcome
        var isClosed = true
        var isReopened = true
    }

    @Test(arguments: [
        Reply(testDescription: "the end", text: "", outcome: .silence("closed without an answer")),
        Reply(testDescription: "a 408 and the end", text: "HTTP/1.1 408 Request Timeout\r\n\r\n", outcome: .silence("status 408")),
        Reply(testDescription: "a 408", text: "HTTP/1.0 408 Late\r\n", outcome: .silence("status 408"), isClosed: false),
        Reply(testDescription: "another refusal", text: "HTTP/1.1 503 Sorry\r\n\r\n", outcome: .failure("status 503")),
        Reply(testDescription: "half a line", text: "HTTP/1.1 20", outcome: .failure("closed within the answer")),
        Reply(testDescription: "half a head", text: "HTTP/1.1 200 OK\r\nX: ", outcome: .failure("closed within the answer")),
        Reply(testDescription: "half a body", text: "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nh", outcome: .success("status 200")),
        Reply(testDescription: "noise", text: "what?\r\n", outcome: .failure("not an HTTP/1 answer")),
        Reply(
            testDescription: "a 408 over a new connection", text: "HTTP/1.1 408 Request Timeout\r\n\r\n", outcome: .failure("status 408"),
            isReopened: false),
    ])
    func onlyAFarewellIsAskedAgain(_ reply: Reply) throws {
        var exchange = HTTPExchange(HealthCheck(kind: .http(HTTPCheck())), target: try #require(Endpoint("127.0.0.1:80")))
        _ = exchange.opened()
        let answer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
        if reply.isReopened {
            #expect(exchange.received(Array(answer.utf8).span) == .done(.success("status 200")))
            exchange.rest()
            _ = exchange.opened()
        }
        var outcome: ProbeOutcome?
        for byte in reply.text.utf8 where outcome == nil {
            if case .done(let end) = exchange.received([byte].span) { outcome = end }
        }
        if outcome == nil, reply.isClosed { outcome = exchange.closed() }
        #expect(outcome == reply.outcome)
    }
}
