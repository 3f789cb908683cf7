import NetTypes

/// What a name server is asked, and what it has to answer.
public struct DNSCheck: Sendable, Hashable {
    /// Labels of 1–63 letters, digits, `-` and `_`, in small letters, joined by dots; "." for the root.
    public var query: String
    public var type: RecordType
    public var rcode: ResponseCode
    /// The text of one record that has to be in the answer; nil asks for none.
    public var answer: String?
    public var isOverTCP: Bool

    public init(
        query: String = ".", type: RecordType = .soa, rcode: ResponseCode = .noError, answer: String? = nil, isOverTCP: Bool = false
    ) {
        (self.query, self.type, self.rcode, self.answer, self.isOverTCP) = (query, type, rcode, answer, isOverTCP)
    }

    /// Types of records (RFC 1035 § 3.2.2 and later).
    public enum RecordType: UInt16, Sendable, Hashable, CaseIterable {
        case a = 1
        case ns = 2
        case cname = 5
        case soa = 6
        case ptr = 12
        case mx = 15
        case txt = 16
        case aaaa = 28
        case srv = 33

        public var name: String { "\(self)".uppercased() }
        public init?(name: String) {
            guard let type = Self.allCases.first(where: { $0.name == name }) else { return nil }
            self = type
        }
    }

    /// What the server says of the question (RFC 1035 § 4.1.1).
    public enum ResponseCode: UInt8, Sendable, Hashable, CaseIterable {
        case noError, formErr, servFail, nxDomain, notImp, refused

        public var name: String { "\(self)".uppercased() }
        public init?(name: String) {
            guard let code = Self.allCases.first(where: { $0.name == name }) else { return nil }
            self = code
        }
    }
}
