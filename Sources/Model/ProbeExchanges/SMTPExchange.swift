import FarmModel

/// Greeting, EHLO, QUIT (RFC 5321): the server is heard out, so that it has nothing to log.
struct SMTPExchange: ProbeExchange {
    private enum Stage { case greeting, hello, quit }

    private static let mostLines = 100
    private let name: String
    private var stage = Stage.greeting
    private var lines = LineReader(longestLine: 2048)
    private var count = 0

    init(_ check: SMTPCheck) { name = check.host ?? "[127.0.0.1]" }

    /// A client that speaks before the greeting is taken for a spammer.
    func opened() -> ProbeStep { .wait }

    mutating func received(_ bytes: Span<UInt8>) -> ProbeStep {
        var words: [UInt8] = []
        for index in bytes.indices {
            switch lines.take(bytes[index]) {
            case .none: if !isPlausible { return .done(.failure("not an SMTP answer")) }
            case .tooLong: return .done(.failure("not an SMTP answer"))
            case .line(let line):
                switch take(line) {
                case .wait: break
                case .send(let more): words += more
                case let end: return end
                }
            }
        }
        return words.isEmpty ? .wait : .send(words)
    }

    func closed() -> ProbeOutcome {
        if stage == .quit { return .success("ready") }
        return .silence(lines.isEmpty ? "closed without a greeting" : "closed within the talk")
    }

    func expired() -> ProbeOutcome {
        switch stage {
        case .greeting: .silence("no greeting")
        case .hello: .silence("no answer to EHLO")
        case .quit: .success("ready")
        }
    }

    private var isPlausible: Bool { lines.rest.prefix(3).allSatisfy { (0x30...0x39).contains($0) } }

    /// `250-text` goes on, `250 text` and `250` end a reply.
    private mutating func take(_ line: [UInt8]) -> ProbeStep {
        count += 1
        guard count <= Self.mostLines else { return .done(.failure("more than \(Self.mostLines) lines")) }
        guard line.count >= 3, let code = HTTPHead.number(line[..<3], radix: 10), line.count == 3 || " -".utf8.contains(line[3]) else {
            return .done(.failure("not an SMTP answer"))
        }
        if stage == .quit { return .done(.success("ready")) }
        guard code == (stage == .greeting ? 220 : 250) else { return .done(.failure("answers \(shown(line))")) }
        guard line.count == 3 || line[3] == UInt8(ascii: " ") else { return .wait }
        defer { stage = stage == .greeting ? .hello : .quit }
        return .send(Array((stage == .greeting ? "EHLO \(name)\r\n" : "QUIT\r\n").utf8))
    }
}
