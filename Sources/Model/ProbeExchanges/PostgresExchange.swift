import FarmModel

/// A startup message of protocol 3.0; the server asks for a password, lets us in, or says why not. No password is sent.
///
/// Without a user to log in as, it is enough that the server talks: a refusal of the made-up user comes from a server that takes
/// connections (pg_isready judges alike), one for lack of resources or in the middle of a start does not.
struct PostgresExchange: ProbeExchange {
    /// Longer messages do not come before the login.
    static let longestMessage = 16_384

    private let login: Login
    private var bytes: [UInt8] = []
    /// What is known when only the goodbye is left.
    private var verdict: ProbeOutcome?
    private var isWelcome = false
    private var count = 0

    init(_ login: Login) { self.login = login }

    func opened() -> ProbeStep {
        let user = login.user ?? "zvnft"
        let pairs = ["user", user, "database", login.database ?? user, "application_name", "zvnft"]
        let body: [UInt8] = [0, 3, 0, 0] + pairs.flatMap { Array($0.utf8) + [0] } + [0]
        return .send(bigEndian(body.count + 4, octets: 4) + body)
    }

    mutating func received(_ new: Span<UInt8>) -> ProbeStep {
        for index in new.indices where verdict == nil {
            bytes.append(new[index])
            if let step = take(), step != .wait { return step }
        }
        // What follows the login (parameters, the key to cancel) is bounded too.
        count += new.count
        return count > 4 * Self.longestMessage ? .done(verdict ?? .failure("not a PostgreSQL answer")) : .wait
    }

    func closed() -> ProbeOutcome {
        verdict ?? .silence(bytes.isEmpty && !isWelcome ? "closed without an answer" : "closed within the answer")
    }
    func expired() -> ProbeOutcome { verdict ?? .silence("no answer to the startup message") }

    /// A type, a length that counts itself, and a body.
    private mutating func take() -> ProbeStep? {
        guard (isWelcome ? "EvNSKZ" : "REvN").utf8.contains(bytes[0]) else { return .done(.failure("not a PostgreSQL answer")) }
        guard bytes.count >= 5 else { return nil }
        let length = bytes[1..<5].reduce(0) { $0 << 8 | Int($1) }
        guard (4...Self.longestMessage).contains(length) else { return .done(.failure("not a PostgreSQL answer")) }
        guard bytes.count == length + 1 else { return nil }
        defer { bytes.removeAll() }
        switch bytes[0] {
        case UInt8(ascii: "R"): return takeRequest(bytes[5...])
        case UInt8(ascii: "E"): return .done(judge(bytes[5...]))
        case UInt8(ascii: "Z"):
            verdict = .success("logged in")
            // Terminate: the server closes.
            return .send([UInt8(ascii: "X"), 0, 0, 0, 4])
        default: return nil
        }
    }

    /// Whether we are really in, only the end of the welcome tells: that a database is missing is said after the login. A client that is asked
    /// for its password just leaves.
    private mutating func takeRequest(_ body: ArraySlice<UInt8>) -> ProbeStep {
        guard body.count >= 4 else { return .done(.failure("not a PostgreSQL answer")) }
        let method = body.prefix(4).reduce(0) { $0 << 8 | Int($1) }
        isWelcome = method == 0
        guard !isWelcome else { return .wait }
        verdict = .success("asks for a password")
        return .hangUp
    }

    /// Fields of a letter and a text each: C is the SQLSTATE, M the message.
    private func judge(_ body: ArraySlice<UInt8>) -> ProbeOutcome {
        var fields: [UInt8: ArraySlice<UInt8>] = [:]
        for field in body.split(separator: 0) { fields[field[field.startIndex]] = field.dropFirst() }
        let code = String(decoding: fields[UInt8(ascii: "C")]?.prefix(5) ?? [], as: UTF8.self)
        let words = "\(shown(fields[UInt8(ascii: "M")] ?? [])) (\(shown(code.utf8)))"
        // 28: authorization, 3D: no such database.
        return login.user == nil && ["28", "3D"].contains(code.prefix(2)) ? .success("answers: \(words)") : .failure(words)
    }
}
