/// A frame of HTTP/2 (RFC 9113 § 4.1).
struct HTTP2Frame: Equatable {
    /// What a server may send unless it is allowed more.
    static let longestPayload = 16_384
    static let preface = Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8)

    enum Kind {
        static let (data, headers, reset, settings, ping, goAway, continuation): (UInt8, UInt8, UInt8, UInt8, UInt8, UInt8, UInt8) =
            (0, 1, 3, 4, 6, 7, 9)
    }

    enum Flag {
        /// Of DATA and HEADERS, the first of SETTINGS and PING.
        static let (endStream, acknowledged, endHeaders, padded, priority): (UInt8, UInt8, UInt8, UInt8, UInt8) = (1, 1, 4, 8, 0x20)
    }

    var kind: UInt8
    var flags: UInt8
    var stream: UInt32
    var payload: [UInt8]

    init(_ kind: UInt8, flags: UInt8 = 0, stream: UInt32 = 0, _ payload: [UInt8] = []) {
        (self.kind, self.flags, self.stream, self.payload) = (kind, flags, stream, payload)
    }

    func has(_ flag: UInt8) -> Bool { flags & flag != 0 }

    var octets: [UInt8] { bigEndian(payload.count, octets: 3) + [kind, flags] + bigEndian(Int(stream), octets: 4) + payload }

    /// The payload of DATA or HEADERS without padding and priority; nil when it says that there is more of them than there is.
    var content: ArraySlice<UInt8>? {
        var rest = payload[...]
        var padding = 0
        if has(Flag.padded) {
            guard let count = rest.popFirst() else { return nil }
            padding = Int(count)
        }
        if kind == Kind.headers, has(Flag.priority) { padding += 5 }
        guard rest.count >= padding else { return nil }
        if kind == Kind.headers, has(Flag.priority) {
            rest = rest.dropFirst(5)
            padding -= 5
        }
        return rest.dropLast(padding)
    }
}

func bigEndian(_ value: Int, octets: Int) -> [UInt8] {
    (0..<octets).reversed().map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
}

/// Cuts a stream into frames.
struct HTTP2FrameReader {
    static let headLength = 9
    private var bytes: [UInt8] = []

    enum Event: Equatable {
        case none
        case frame(HTTP2Frame)
        case tooLong
    }

    var isEmpty: Bool { bytes.isEmpty }

    mutating func take(_ byte: UInt8) -> Event {
        bytes.append(byte)
        guard bytes.count >= Self.headLength else { return .none }
        let length = Int(bytes[0]) << 16 | Int(bytes[1]) << 8 | Int(bytes[2])
        guard length <= HTTP2Frame.longestPayload else { return .tooLong }
        guard bytes.count == Self.headLength + length else { return .none }
        defer { bytes.removeAll(keepingCapacity: true) }
        let stream = bytes[5..<9].reduce(UInt32(0)) { $0 << 8 | UInt32($1) } & 0x7FFF_FFFF
        return .frame(HTTP2Frame(bytes[3], flags: bytes[4], stream: stream, Array(bytes[Self.headLength...])))
    }
}
