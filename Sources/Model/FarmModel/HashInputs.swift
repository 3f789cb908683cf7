/// A field of a packet that a hash may use.
public enum HashInput: String, Sendable, Hashable, CaseIterable, Comparable {
    case sourceAddress, destinationAddress, sourcePort, destinationPort, sourceMac, destinationMac

    public static func < (left: Self, right: Self) -> Bool { left.rank < right.rank }
    private var rank: Int { Self.allCases.firstIndex(of: self) ?? 0 }
}

/// The inputs of a hash: at least one, each once, always in the order of `HashInput`, so that equal sets give equal rules.
public struct HashInputs: Sendable, Hashable {
    public let inputs: [HashInput]
    /// How much of source and destination addresses is hashed.
    public let prefixes: AddressPrefixes

    /// Nil for an empty list; duplicates count once. Prefixes are whole where no address is hashed.
    public init?(_ inputs: some Sequence<HashInput>, prefixes: AddressPrefixes = .whole) {
        let unique = Set(inputs).sorted()
        guard !unique.isEmpty else { return nil }
        self.inputs = unique
        let hasAddress = unique.contains(.sourceAddress) || unique.contains(.destinationAddress)
        self.prefixes = hasAddress ? prefixes : .whole
    }

    private init(known inputs: [HashInput]) { (self.inputs, prefixes) = (inputs, .whole) }

    /// The default of hash and maglev.
    public static let addressAndPort = HashInputs(known: [.sourceAddress, .sourcePort])
    /// The default where a listener takes protocols without ports.
    public static let address = HashInputs(known: [.sourceAddress])
}

/// Leading bits of addresses that count: clients of one network are then one client.
public struct AddressPrefixes: Sendable, Hashable {
    /// 1–32
    public var ipv4: Int
    /// 1–128
    public var ipv6: Int

    public init(ipv4: Int = 32, ipv6: Int = 128) { (self.ipv4, self.ipv6) = (ipv4, ipv6) }

    public static let whole = AddressPrefixes()
}
