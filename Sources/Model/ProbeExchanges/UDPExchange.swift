import FarmModel

/// A datagram is sent. With `expect` one has to come back that holds it; without, the probe waits for an ICMP error until its deadline, and
/// silence is all that a datagram protocol can promise: a success.
struct UDPExchange: ProbeExchange {
    /// Of datagrams that are not as expected: what comes faster than it is looked at would hold up the loop.
    static let mostAnswers = 64

    private let check: SendExpect
    private var count = 0

    init(_ check: SendExpect) { self.check = check }

    /// An empty datagram where there is nothing to say: without one no error would come back.
    func opened() -> ProbeStep { .send(check.send) }

    mutating func received(_ bytes: Span<UInt8>) -> ProbeStep {
        count += 1
        if check.expect.isEmpty { return .done(.success("answered")) }
        if bytes.holds(check.expect) { return .done(.success("answered as expected")) }
        return count == Self.mostAnswers ? .done(.failure("\(count) answers without the expected bytes")) : .wait
    }

    func closed() -> ProbeOutcome { .silence("closed") }

    func expired() -> ProbeOutcome {
        if check.expect.isEmpty { return .success("no ICMP error") }
        return .silence(count == 0 ? "no answer" : "no answer with the expected bytes")
    }
}

extension Span where Element == UInt8 {
    /// Whether the bytes occur one after another; both sides are bounded by a datagram.
    func holds(_ wanted: [UInt8]) -> Bool {
        guard wanted.count <= count else { return false }
        return (0...(count - wanted.count)).contains { start in wanted.indices.allSatisfy { self[start + $0] == wanted[$0] } }
    }
}
