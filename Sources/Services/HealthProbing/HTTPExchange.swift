import FarmModel
import HealthPolicy
import NetTypes

/// An HTTP/1.1 request, judged by status and text in the body.
///
/// A failure ends the probe at once. A success waits until the answer is read or 64 KiB of its body are, because a reset in the middle
/// shows as an error in the backend's log; if the deadline comes first, what is known decides.
struct HTTPExchange: ProbeExchange {
    private let check: HTTPCheck
    private let target: Endpoint
    private let reuse: Bool
    private var answer: HTTPAnswer
    /// Whether the connection has carried a probe before.
    private var isReopened = false
    /// Written once for all probes that the connection carries.
    private var request: [UInt8] = []

    init(check: HTTPCheck, target: Endpoint, reuse: Bool = true) {
        (self.check, self.target, self.reuse) = (check, target, reuse)
        answer = HTTPAnswer(check)
    }

    mutating func opened() -> ProbeStep {
        isReopened = !answer.isEmpty
        if isReopened { answer = HTTPAnswer(check) }
        if request.isEmpty { request = Array(requestText.utf8) }
        return .send(request)
    }

    var isReusable: Bool { reuse && answer.leavesConnectionUsable }

    mutating func received(_ bytes: Span<UInt8>) -> ProbeStep {
        answer.read(bytes)
        return step
    }

    mutating func closed() -> ProbeOutcome {
        answer.close()
        if case .done(let outcome) = step { return outcome }
        // Over a connection that was kept, silence is asked again over a new one (RFC 9112 § 9.3.1), a POST too: a probe is asked every few
        // seconds anyhow. Who has begun to answer had not lost patience: that is no farewell between two probes.
        if isReopened, !answer.isEmpty { return verdictSoFar ?? .failure("closed within the answer") }
        return verdictSoFar ?? .silence(answer.isEmpty ? "closed without an answer" : "closed within the answer")
    }

    func expired() -> ProbeOutcome {
        verdictSoFar ?? .silence(answer.isEmpty ? "no answer to the request" : "answer not complete")
    }

    private var step: ProbeStep {
        // What a server says that has lost patience between two probes may meet the next request: it is no answer to that.
        if answer.status == 408, isReopened { return .done(.silence("status 408")) }
        if let status = answer.status, !isExpected(status) { return .done(.failure("status \(status)")) }
        switch answer.stage {
        case .malformed(let words): return .done(.failure(words))
        case .complete: return .done(verdictSoFar ?? .failure(answer.expectation.words))
        default: return .wait
        }
    }

    /// Success if status and body already satisfy the check.
    private var verdictSoFar: ProbeOutcome? {
        guard let status = answer.status, isExpected(status), answer.isPastHead else { return nil }
        guard answer.expectation.isMet else { return nil }
        guard answer.isDegraded else { return .success("status \(status)") }
        return .success("status \(status), degraded", advice: ProbeAdvice(isDegraded: true))
    }

    private func isExpected(_ status: Int) -> Bool { check.expectStatus.contains { $0.contains(status) } }

    private var requestText: String {
        let length = ["POST", "PUT", "PATCH"].contains(check.method) ? "Content-Length: 0\r\n" : ""
        return "\(check.method) \(check.path) HTTP/1.1\r\nHost: \(check.host ?? target.description)\r\n"
            + "User-Agent: zvnft\r\nAccept: */*\r\nConnection: \(reuse ? "keep-alive" : "close")\r\n\(length)"
            + check.headers.map { "\($0)\r\n" }.joined() + "\r\n"
    }
}
