/// The protocols that farms are built for, with their IANA numbers.
public enum TransportProtocol: UInt8, Sendable, Hashable, CaseIterable, Comparable, CustomStringConvertible {
    case tcp = 6
    case udp = 17
    case sctp = 132
    /// Without ports: farms take them together with all others of an address.
    case icmp = 1
    case gre = 47
    case esp = 50
    case icmp6 = 58
    /// Of a listener that takes every protocol of its address; no packet has it (255 is reserved).
    case all = 255

    public init?(_ name: String) {
        guard let match = Self.allCases.first(where: { $0.description == name }) else { return nil }
        self = match
    }

    public var description: String {
        switch self {
        case .tcp: "tcp"
        case .udp: "udp"
        case .sctp: "sctp"
        case .icmp: "icmp"
        case .gre: "gre"
        case .esp: "esp"
        case .icmp6: "icmpv6"
        case .all: "all"
        }
    }

    /// Whether its packets name ports.
    public var hasPorts: Bool {
        switch self {
        case .tcp, .udp, .sctp: true
        case .icmp, .gre, .esp, .icmp6, .all: false
        }
    }

    /// What a listener may have.
    public static let listened: [TransportProtocol] = [.tcp, .udp, .sctp, .all]

    public static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
}

/// One port or an inclusive range of ports, 1–65535.
public struct PortRange: Sendable, Hashable, Comparable, CustomStringConvertible {
    public let first: UInt16
    public let last: UInt16

    /// Nil when a bound is 0 or the bounds are reversed.
    public init?(_ first: UInt16, _ last: UInt16) {
        guard first >= 1, first <= last else { return nil }
        (self.first, self.last) = (first, last)
    }

    public init?(_ port: UInt16) { self.init(port, port) }

    public var isSingle: Bool { first == last }
    /// Number of ports, 1–65535.
    public var count: Int { Int(last) - Int(first) + 1 }
    public func contains(_ port: UInt16) -> Bool { first <= port && port <= last }
    public func overlaps(_ other: PortRange) -> Bool { first <= other.last && other.first <= last }

    public var description: String { isSingle ? "\(first)" : "\(first)-\(last)" }
    public static func < (left: Self, right: Self) -> Bool { (left.first, left.last) < (right.first, right.last) }
}

/// An address and a port: where a backend serves, or where a packet comes from.
public struct Endpoint: Sendable, Hashable, Comparable, CustomStringConvertible {
    public var address: IPAddress
    public var port: UInt16

    public init(address: IPAddress, port: UInt16) {
        (self.address, self.port) = (address, port)
    }

    /// Reads `10.0.0.1:80` or `[2001:db8::1]:80`.
    public init?(_ text: String) {
        guard let colon = text.lastIndex(of: ":"), let port = UInt16(text[text.index(after: colon)...]) else { return nil }
        var host = text[..<colon]
        let isBracketed = host.hasPrefix("[") && host.hasSuffix("]")
        if isBracketed { host = host.dropFirst().dropLast() }
        guard let address = IPAddress(String(host)), isBracketed == (address.family == .ipv6) else { return nil }
        self.init(address: address, port: port)
    }

    public var description: String { "\(address.bracketed):\(port)" }
    public static func < (left: Self, right: Self) -> Bool { (left.address, left.port) < (right.address, right.port) }
}
