import FarmModel
import NetTypes

/// An HTTP/1.1 request on a connection of its own, judged by status and text in the body.
///
/// A failure ends the probe at once. A success waits until the answer is read or 64 KiB of its body are, because a reset in the middle
/// shows as an error in the backend's log; if the deadline comes first, what is known decides.
struct HTTPExchange: ProbeExchange {
    private let check: HTTPCheck
    private let target: Endpoint
    private var answer: HTTPAnswer

    init(check: HTTPCheck, target: Endpoint) {
        (self.check, self.target) = (check, target)
        answer = HTTPAnswer(isForHead: check.method == "HEAD", keepsBody: check.expectBody != nil)
    }

    func opened() -> ProbeStep { .send(Array(request.utf8)) }

    mutating func received(_ bytes: Span<UInt8>) -> ProbeStep {
        answer.read(bytes)
        return step
    }

    mutating func closed() -> ProbeOutcome {
        answer.close()
        if case .done(let outcome) = step { return outcome }
        return verdictSoFar ?? .silence(answer.isEmpty ? "closed without an answer" : "closed within the answer")
    }

    func expired() -> ProbeOutcome {
        verdictSoFar ?? .silence(answer.isEmpty ? "no answer to the request" : "answer not complete")
    }

    private var step: ProbeStep {
        if let status = answer.status, !isExpected(status) { return .done(.failure("status \(status)")) }
        switch answer.stage {
        case .malformed(let words): return .done(.failure(words))
        case .complete: return .done(verdictSoFar ?? .failure("expected text is not in the body"))
        default: return .wait
        }
    }

    /// Success if status and body already satisfy the check.
    private var verdictSoFar: ProbeOutcome? {
        guard let status = answer.status, isExpected(status), answer.isPastHead else { return nil }
        if let expected = check.expectBody, !answer.bodyContains(expected) { return nil }
        return .success("status \(status)")
    }

    private func isExpected(_ status: Int) -> Bool { check.expectStatus.contains { $0.contains(status) } }

    private var request: String {
        let length = ["POST", "PUT", "PATCH"].contains(check.method) ? "Content-Length: 0\r\n" : ""
        return "\(check.method) \(check.path) HTTP/1.1\r\nHost: \(check.host ?? target.description)\r\n"
            + "User-Agent: zvnft\r\nAccept: */*\r\nConnection: close\r\n\(length)\r\n"
    }
}
