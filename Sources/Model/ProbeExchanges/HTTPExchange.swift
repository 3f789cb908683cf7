import FarmModel
import HealthPolicy
import NetTypes

/// An HTTP/1.1 request, judged by status and text in the body.
///
/// A failure ends the probe at once. A success waits until the answer is read or 64 KiB of its body are, because a reset in the middle
/// shows as an error in the backend's log; if the deadline comes first, what is known decides.
struct HTTPExchange: ProbeExchange {
    /// Whole, because it is shared by all who ask alike; its `HTTPCheck` is with each answer.
    private let health: HealthCheck
    private let target: Endpoint
    /// Nil between two probes.
    private var answer: HTTPAnswer?
    /// Whether the connection has carried a probe before.
    private var isReopened = false

    init(_ health: HealthCheck, target: Endpoint) {
        (self.health, self.target) = (health, target)
        prepare()
    }

    private mutating func prepare() {
        guard answer == nil, case .http(let check) = health.kind else { return }
        answer = HTTPAnswer(check)
    }

    mutating func opened() -> ProbeStep {
        prepare()
        return answer.map { .send(request($0.check)) } ?? .done(.unknown("not a check by http"))
    }

    mutating func rest() { (answer, isReopened) = (nil, true) }

    var isReusable: Bool { health.way.reuse && answer?.leavesConnectionUsable == true }

    func received(_ bytes: Span<UInt8>) -> ProbeStep {
        guard let answer else { return .wait }
        answer.read(bytes)
        return step(answer)
    }

    func closed() -> ProbeOutcome {
        guard let answer, !answer.isEmpty else { return .silence("closed without an answer") }
        answer.close()
        if case .done(let outcome) = step(answer) { return outcome }
        // Over a connection that was kept, silence is asked again over a new one (RFC 9112 § 9.3.1), a POST too: a probe is asked every few
        // seconds anyhow. Who has begun to answer had not lost patience: that is no farewell between two probes.
        return verdictSoFar(answer) ?? (isReopened ? .failure("closed within the answer") : .silence("closed within the answer"))
    }

    func expired() -> ProbeOutcome {
        guard let answer, !answer.isEmpty else { return .silence("no answer to the request") }
        return verdictSoFar(answer) ?? .silence("answer not complete")
    }

    private func step(_ answer: HTTPAnswer) -> ProbeStep {
        // What a server says that has lost patience between two probes may meet the next request: it is no answer to that.
        if answer.status == 408, isReopened { return .done(.silence("status 408")) }
        if let status = answer.status, !answer.isExpected(status) { return .done(.failure("status \(status)")) }
        switch answer.stage {
        case .malformed(let words): return .done(.failure(words))
        case .complete: return .done(verdictSoFar(answer) ?? .failure(answer.expectation.words))
        default: return .wait
        }
    }

    /// Success if status and body already satisfy the check.
    private func verdictSoFar(_ answer: HTTPAnswer) -> ProbeOutcome? {
        guard let status = answer.status, answer.isExpected(status), answer.isPastHead else { return nil }
        guard answer.expectation.isMet else { return nil }
        guard answer.isDegraded else { return .success("status \(status)") }
        return .success("status \(status), degraded", advice: ProbeAdvice(isDegraded: true))
    }

    private func request(_ check: HTTPCheck) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(192)
        func add(_ words: String...) { for word in words { bytes.append(contentsOf: word.utf8) } }
        add(check.method, " ", check.path, " HTTP/1.1\r\nHost: ", check.host ?? target.description, "\r\n")
        add("User-Agent: zvnft\r\nAccept: */*\r\n")
        add("Connection: ", health.way.reuse ? "keep-alive" : "close", "\r\n")
        if ["POST", "PUT", "PATCH"].contains(check.method) { add("Content-Length: 0\r\n") }
        for header in check.headers { add(header.description, "\r\n") }
        add("\r\n")
        return bytes
    }
}
