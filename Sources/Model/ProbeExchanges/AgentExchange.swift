import HealthPolicy

/// One line of words. What is no answer, or no known word, fails the probe, and that changes nothing: see `CompositeBoard`.
struct AgentExchange: ProbeExchange {
    private let send: [UInt8]
    private var lines = LineReader()

    init(send: [UInt8]) { self.send = send }

    func opened() -> ProbeStep { send.isEmpty ? .wait : .send(send) }

    mutating func received(_ bytes: Span<UInt8>) -> ProbeStep {
        for index in bytes.indices {
            // HAProxy takes either as the end of the line.
            let byte = bytes[index] == UInt8(ascii: "\r") ? UInt8(ascii: "\n") : bytes[index]
            switch lines.take(byte) {
            case .none: break
            case .tooLong: return .done(.failure("answer too long"))
            case .line(let line): return .done(Self.outcome(of: line))
            }
        }
        return .wait
    }

    func closed() -> ProbeOutcome { lines.isEmpty ? .silence("closed without an answer") : Self.outcome(of: lines.rest) }
    func expired() -> ProbeOutcome { .silence(lines.isEmpty ? "no answer" : "answer not complete") }

    private static func outcome(of line: [UInt8]) -> ProbeOutcome {
        let words = shown(line)
        guard let advice = AgentWords.parse(String(decoding: line, as: UTF8.self)) else {
            return .failure("says nothing that is known: \(words)")
        }
        return .success(words, advice: advice)
    }
}
