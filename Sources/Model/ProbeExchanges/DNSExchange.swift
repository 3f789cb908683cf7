import FarmModel

/// A question to a name server, by datagram or over a connection (RFC 1035, RFC 7766).
struct DNSExchange: ProbeExchange {
    /// Datagrams that are no answer to our question; what comes faster than it is looked at would hold up the loop.
    static let mostStrays = 64

    private let check: DNSCheck
    private let question: DNSQuestion
    private var strays = 0
    /// Over a connection: what has come of the length and the message.
    private var buffer: [UInt8] = []

    init(_ check: DNSCheck, id: UInt16) {
        self.check = check
        question = DNSQuestion(id: id, name: check.query, type: check.type.rawValue)
    }

    func opened() -> ProbeStep {
        let message = question.message
        return .send(check.isOverTCP ? [UInt8(message.count >> 8), UInt8(message.count & 0xFF)] + message : message)
    }

    mutating func received(_ bytes: Span<UInt8>) -> ProbeStep {
        guard check.isOverTCP else { return judgeDatagram(bytes) }
        // A message has at most 65 535 bytes; what comes behind it is not read.
        for index in bytes.indices where buffer.count < 2 + Int(UInt16.max) { buffer.append(bytes[index]) }
        guard buffer.count >= 2 else { return .wait }
        let length = Int(buffer[0]) << 8 | Int(buffer[1])
        guard buffer.count >= 2 + length else { return .wait }
        guard let outcome = judge(buffer.span.extracting(2..<(2 + length))) else { return .done(.failure("not an answer to the question")) }
        return .done(outcome)
    }

    func closed() -> ProbeOutcome { .silence(buffer.isEmpty ? "closed without an answer" : "closed within the answer") }
    func expired() -> ProbeOutcome { .silence(buffer.isEmpty ? "no answer to the query" : "answer not complete") }

    private mutating func judgeDatagram(_ bytes: Span<UInt8>) -> ProbeStep {
        if let outcome = judge(bytes) { return .done(outcome) }
        strays += 1
        return strays == Self.mostStrays ? .done(.failure("\(strays) datagrams that are no answer to the query")) : .wait
    }

    /// Nil when it is not the answer to our question.
    private func judge(_ bytes: Span<UInt8>) -> ProbeOutcome? {
        guard let answer = DNSAnswer(bytes, to: question) else { return nil }
        guard answer.rcode == check.rcode.rawValue else {
            return .failure(DNSCheck.ResponseCode(rawValue: answer.rcode)?.name ?? "response code \(answer.rcode)")
        }
        guard let wanted = check.answer else { return .success(check.rcode.name) }
        switch answer.search(bytes, for: wanted, type: check.type.rawValue) {
        case .found: return .success("\(check.rcode.name), \(wanted)")
        case .absent: return .failure(answer.isTruncated ? "answer is cut off before \(wanted)" : "\(wanted) is not in the answer")
        case .malformed: return .failure("malformed answer")
        }
    }
}
