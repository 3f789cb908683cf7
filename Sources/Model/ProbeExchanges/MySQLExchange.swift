import FarmModel

/// Greeting, login without a password, goodbye.
///
/// A client that leaves before the login is counted, and after `max_connect_errors` of them the server locks its host out: the login is
/// always carried through. Without a user to log in as, a refusal of the made-up one is an answer; the server counts it as an aborted
/// connect, but does not lock out for it.
struct MySQLExchange: ProbeExchange {
    static let longestPacket = 16_384
    private enum Stage { case greeting, login, goodbye }

    private let login: Login
    private var stage = Stage.greeting
    private var version = ""
    private var bytes: [UInt8] = []
    private var packets = 0

    init(_ login: Login) { self.login = login }

    func opened() -> ProbeStep { .wait }

    mutating func received(_ new: Span<UInt8>) -> ProbeStep {
        var words: [UInt8] = []
        for index in new.indices where stage != .goodbye {
            bytes.append(new[index])
            switch take() {
            case .send(let more): words += more
            case .done(let outcome): return .done(outcome)
            default: break
            }
        }
        return words.isEmpty ? .wait : .send(words)
    }

    func closed() -> ProbeOutcome {
        stage == .goodbye ? loggedIn : .silence(isSilent ? "closed without a greeting" : "closed within the talk")
    }

    func expired() -> ProbeOutcome {
        switch stage {
        case .greeting: .silence("no greeting")
        case .login: .silence("no answer to the login")
        case .goodbye: loggedIn
        }
    }

    private var isSilent: Bool { bytes.isEmpty && packets == 0 }
    private var loggedIn: ProbeOutcome { .success("\(version): logged in") }

    /// A length of three bytes, a number of one, and a body.
    private mutating func take() -> ProbeStep {
        guard bytes.count >= 4 else { return .wait }
        let length = Int(bytes[0]) | Int(bytes[1]) << 8 | Int(bytes[2]) << 16
        guard (1...Self.longestPacket).contains(length), packets < 8 else { return .done(.failure("not a MySQL answer")) }
        guard bytes.count == length + 4 else { return .wait }
        defer { bytes.removeAll(keepingCapacity: true) }
        packets += 1
        let (number, body) = (bytes[3], bytes[4...])
        if let error = MySQLError(body) { return .done(judge(error)) }
        return stage == .greeting ? takeGreeting(body, number) : takeAnswer(body, number)
    }

    private func judge(_ error: MySQLError) -> ProbeOutcome {
        stage == .login && login.user == nil && error.isRefusedLogin
            ? .success("\(version): answers: \(error.words)") : .failure(error.words)
    }

    private mutating func takeGreeting(_ body: ArraySlice<UInt8>, _ number: UInt8) -> ProbeStep {
        guard let greeting = MySQLGreeting(body) else { return .done(.failure("not a MySQL answer")) }
        (version, stage) = (greeting.version, .login)
        return .send(Self.packet(loginRequest, number &+ 1))
    }

    private mutating func takeAnswer(_ body: ArraySlice<UInt8>, _ number: UInt8) -> ProbeStep {
        switch body.first {
        case 0x00:
            stage = .goodbye
            // COM_QUIT: the server closes, and counts nothing.
            return .send(Self.packet([1], 0))
        case 0xFE: return .send(Self.packet(Self.emptyPassword(body.dropFirst()), number &+ 1))
        // More of a login whose end is still to come.
        case 0x01: return .wait
        default: return .done(.failure("not a MySQL answer"))
        }
    }

    /// HandshakeResponse41: long password, 4.1, secure connection, plugin names; 16 MB packets; utf8.
    private var loginRequest: [UInt8] {
        [0x01, 0x82, 0x08, 0x00, 0, 0, 0, 1, 33] + [UInt8](repeating: 0, count: 23) + Array((login.user ?? "zvnft").utf8) + [0, 0]
            + Array("mysql_native_password".utf8) + [0]
    }

    /// How the named plugin wants to hear that there is no password.
    private static func emptyPassword(_ request: ArraySlice<UInt8>) -> [UInt8] {
        let plugin = String(decoding: request.prefix { $0 != 0 }, as: UTF8.self)
        return ["caching_sha2_password", "sha256_password"].contains(plugin) ? [0] : []
    }

    private static func packet(_ body: [UInt8], _ number: UInt8) -> [UInt8] {
        [UInt8(truncatingIfNeeded: body.count), UInt8(truncatingIfNeeded: body.count >> 8), 0, number] + body
    }
}
