/// The first packet of a MySQL or MariaDB server (protocol 10).
struct MySQLGreeting {
    let version: String

    /// Nil for something else. The rest of the packet (salt, capabilities) matters to who has a password.
    init?(_ payload: ArraySlice<UInt8>) {
        guard payload.first == 10, let end = payload.firstIndex(of: 0) else { return nil }
        // Thread id, salt, filler and the lower half of the capabilities, of which bit 9 is "speaks 4.1".
        let fixed = payload[payload.index(after: end)...]
        guard fixed.count >= 15, fixed[fixed.startIndex + 14] & 0x02 != 0 else { return nil }
        // MariaDB puts this before its own version, for old replicas.
        let text = shown(payload[(payload.startIndex + 1)..<end])
        version = text.hasPrefix("5.5.5-") ? String(text.dropFirst(6)) : text
    }
}

/// A packet that says what is wrong.
struct MySQLError {
    let code: Int
    let message: String

    init?(_ payload: ArraySlice<UInt8>) {
        guard payload.first == 0xFF, payload.count >= 3 else { return nil }
        let start = payload.startIndex
        code = Int(payload[start + 1]) | Int(payload[start + 2]) << 8
        var text = payload.dropFirst(3)
        // The SQLSTATE, which is left out before the login.
        if text.first == UInt8(ascii: "#") { text = text.dropFirst(6) }
        message = shown(text)
    }

    /// The server knows who we claim to be, and that we are not: 1045 and 1698 access denied, 1251 and 1862 its ways of asking again.
    var isRefusedLogin: Bool { [1045, 1251, 1698, 1862].contains(code) }
    var words: String { "\(message) (\(code))" }
}
