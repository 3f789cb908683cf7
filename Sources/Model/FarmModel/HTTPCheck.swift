/// What an HTTP probe asks and expects (HTTP/1.1).
public struct HTTPCheck: Sendable, Hashable {
    public var method: String
    /// Begins with "/".
    public var path: String
    /// The Host header; nil means the address and port that are probed.
    public var host: String?
    /// Further header lines of the request.
    public var headers: [HTTPHeader]
    /// Inclusive ranges of status codes, 100–599.
    public var expectStatus: [ClosedRange<Int>]
    /// Text that has to occur in the first 64 KiB of the body.
    public var expectBody: String?
    /// Likewise.
    public var expectPattern: BytePattern?
    /// A header of the answer by which a healthy backend says that it is not well.
    public var degradedHeader: HTTPHeader?

    public init(
        method: String = "GET", path: String = "/", host: String? = nil, headers: [HTTPHeader] = [],
        expectStatus: [ClosedRange<Int>] = [200...399], expectBody: String? = nil, expectPattern: BytePattern? = nil,
        degradedHeader: HTTPHeader? = nil
    ) {
        (self.method, self.path, self.host, self.headers) = (method, path, host, headers)
        (self.expectStatus, self.expectBody, self.expectPattern) = (expectStatus, expectBody, expectPattern)
        self.degradedHeader = degradedHeader
    }

    /// Whether anything of the body has to be kept.
    public var looksAtBody: Bool { expectBody != nil || expectPattern != nil }
}

/// A header line; names compare without regard to case.
public struct HTTPHeader: Sendable, Hashable, CustomStringConvertible {
    public let name, value: String

    /// `Name: value`; nil unless the name is a token (RFC 9110 § 5.6.2) and the value has printable ASCII only.
    public init?(_ text: String) {
        guard let colon = text.firstIndex(of: ":"), text.utf8.allSatisfy({ (0x20...0x7E).contains($0) || $0 == 0x09 }) else { return nil }
        name = String(text[..<colon])
        let rest = text[text.index(after: colon)...].drop { $0 == " " || $0 == "\t" }
        value = String(rest.reversed().drop { $0 == " " || $0 == "\t" }.reversed())
        guard !name.isEmpty, name.utf8.allSatisfy(Self.isTokenCharacter) else { return nil }
    }

    public var description: String { "\(name): \(value)" }

    private static func isTokenCharacter(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
        default: "!#$%&'*+-.^_`|~".utf8.contains(byte)
        }
    }
}
