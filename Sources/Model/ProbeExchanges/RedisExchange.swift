import FarmModel

/// PING, after AUTH where there is a password, as RESP arrays of bulk strings (the Redis protocol).
struct RedisExchange: ProbeExchange {
    private let login: Login
    private var lines = LineReader()
    private var isLoggedIn: Bool

    init(_ login: Login) {
        self.login = login
        isLoggedIn = login.password == nil
    }

    /// Both at once: answers come in order.
    func opened() -> ProbeStep {
        let account = login.password.map { [login.user, $0].compactMap { $0 } }
        return .send((account.map { Self.command(["AUTH"] + $0) } ?? []) + Self.command(["PING"]))
    }

    mutating func received(_ bytes: Span<UInt8>) -> ProbeStep {
        for index in bytes.indices {
            switch lines.take(bytes[index]) {
            case .none: if !isPlausible { return .done(.failure("not a Redis answer")) }
            case .tooLong: return .done(.failure("not a Redis answer"))
            case .line(let line): if let outcome = take(line) { return .done(outcome) }
            }
        }
        return .wait
    }

    func closed() -> ProbeOutcome { .silence(lines.isEmpty ? "closed without an answer" : "closed within the answer") }
    func expired() -> ProbeOutcome { .silence("no answer to PING") }

    /// Simple strings and errors are all that can come.
    private var isPlausible: Bool { lines.rest.first.map { $0 == UInt8(ascii: "+") || $0 == UInt8(ascii: "-") } ?? true }

    private mutating func take(_ line: [UInt8]) -> ProbeOutcome? {
        switch line.first {
        case UInt8(ascii: "-"): return .failure(Self.words(for: shown(line.dropFirst())))
        case UInt8(ascii: "+") where !isLoggedIn: isLoggedIn = true
        case UInt8(ascii: "+"): return line == Array("+PONG".utf8) ? .success("PONG") : .failure("answers \(shown(line)) to PING")
        default: return .failure("not a Redis answer")
        }
        return nil
    }

    private static func words(for error: String) -> String {
        switch error.prefix(while: { $0 != " " }) {
        case "NOAUTH": "wants a password (login.password): \(error)"
        case "WRONGPASS": "login refused: \(error)"
        case "LOADING": "still loading its data: \(error)"
        case "MASTERDOWN": "replica without its master: \(error)"
        default: error
        }
    }

    private static func command(_ words: [String]) -> [UInt8] {
        Array((["*\(words.count)"] + words.flatMap { ["$\($0.utf8.count)", $0] } + [""]).joined(separator: "\r\n").utf8)
    }
}
