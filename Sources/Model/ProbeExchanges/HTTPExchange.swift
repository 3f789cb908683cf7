import FarmModel
import HealthPolicy
import NetTypes

/// An HTTP/1.1 request, judged by status and text in the body.
///
/// A failure ends the probe at once. A success waits until the answer is read or 64 KiB of its body are, because a reset in the middle
/// shows as an error in the backend's log; if the deadline comes first, what is known decides.
struct HTTPExchange: ProbeExchange {
    /// Apart: tens of thousands of kept connections do without it between their probes.
    private final class Reading {
        var answer: HTTPAnswer
        init(_ check: HTTPCheck) { answer = HTTPAnswer(check) }
    }

    /// Whole, because it is shared by all who ask alike; its `HTTPCheck` is with each answer.
    private let health: HealthCheck
    private let target: Endpoint
    /// Nil between two probes.
    private var reading: Reading?
    /// Whether the connection has carried a probe before.
    private var isReopened = false

    init(_ health: HealthCheck, target: Endpoint) {
        (self.health, self.target) = (health, target)
        prepare()
    }

    private mutating func prepare() {
        guard reading == nil, case .http(let check) = health.kind else { return }
        reading = Reading(check)
    }

    mutating func opened() -> ProbeStep {
        prepare()
        return reading.map { .send(request($0.answer.check)) } ?? .done(.unknown("not a check by http"))
    }

    mutating func rest() { (reading, isReopened) = (nil, true) }

    var isReusable: Bool { health.way.reuse && reading?.answer.leavesConnectionUsable == true }

    func received(_ bytes: Span<UInt8>) -> ProbeStep { reading?.answer.take(bytes, isReopened: isReopened) ?? .wait }

    func closed() -> ProbeOutcome { reading?.answer.takeEnd(isReopened: isReopened) ?? .silence("closed without an answer") }

    func expired() -> ProbeOutcome { reading?.answer.outcomeAtDeadline ?? .silence("no answer to the request") }

    private static let methodsWithBody = ["POST", "PUT", "PATCH"]

    private func request(_ check: HTTPCheck) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(192)
        func add(_ words: String) { bytes.append(contentsOf: words.utf8) }
        add(check.method)
        add(" ")
        add(check.path)
        add(" HTTP/1.1\r\nHost: ")
        add(check.host ?? target.description)
        add("\r\nUser-Agent: zvnft\r\nAccept: */*\r\n")
        add(health.way.reuse ? "Connection: keep-alive\r\n" : "Connection: close\r\n")
        if Self.methodsWithBody.contains(check.method) { add("Content-Length: 0\r\n") }
        for header in check.headers {
            add(header.description)
            add("\r\n")
        }
        add("\r\n")
        return bytes
    }
}

/// What an answer means for the probe.
extension HTTPAnswer {
    mutating func take(_ bytes: Span<UInt8>, isReopened: Bool) -> ProbeStep {
        read(bytes)
        return step(isReopened: isReopened)
    }

    mutating func takeEnd(isReopened: Bool) -> ProbeOutcome {
        guard !isEmpty else { return .silence("closed without an answer") }
        close()
        if case .done(let outcome) = step(isReopened: isReopened) { return outcome }
        // Over a connection that was kept, silence is asked again over a new one (RFC 9112 § 9.3.1), a POST too: a probe is asked every few
        // seconds anyhow. Who has begun to answer had not lost patience: that is no farewell between two probes.
        return outcomeSoFar ?? (isReopened ? .failure("closed within the answer") : .silence("closed within the answer"))
    }

    var outcomeAtDeadline: ProbeOutcome {
        isEmpty ? .silence("no answer to the request") : outcomeSoFar ?? .silence("answer not complete")
    }

    private func step(isReopened: Bool) -> ProbeStep {
        // What a server says that has lost patience between two probes may meet the next request: it is no answer to that.
        if status == 408, isReopened { return .done(.silence("status 408")) }
        if let status, !isExpected(status) { return .done(.failure("status \(status)")) }
        switch stage {
        case .malformed(let words): return .done(.failure(words))
        case .complete: return .done(outcomeSoFar ?? .failure(expectation.words))
        default: return .wait
        }
    }

    /// Success if status and body already satisfy the check.
    private var outcomeSoFar: ProbeOutcome? {
        guard let status, isExpected(status), isPastHead, expectation.isMet else { return nil }
        guard isDegraded else { return .success("status \(status)") }
        return .success("status \(status), degraded", advice: ProbeAdvice(isDegraded: true))
    }
}
