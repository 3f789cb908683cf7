import NetTypes

/// One field of a key or of map data, with the type that nft gives it.
public enum Field: Sendable, Hashable {
    case address(AddressFamily)
    case transport
    case port
    /// The result of a slot selector: 0 ..< modulus.
    case slot(modulus: UInt32)
    case mac
    case device
    /// A packet mark, in the host's byte order.
    case mark

    /// Octets of the value itself.
    public var length: Int {
        switch self {
        case .address(let family): family.addressLength
        case .transport: 1
        case .port: 2
        case .slot, .device, .mark: 4
        case .mac: 6
        }
    }

    /// Octets in a concatenation: whole 32-bit registers.
    public var registerLength: Int { (length + 3) / 4 * 4 }
}

/// The type of a set's elements.
public struct SetType: Sendable, Hashable {
    public enum Value: Sendable, Hashable {
        case none
        case verdict
        case fields([Field])
    }

    public let key: [Field]
    public let value: Value
    /// Keys are ranges, field by field.
    public let isInterval: Bool
    /// Each element counts the packets that a rule has found it for.
    public let isCounted: Bool
    /// Packets add elements: what is in it is the kernel's, and neither compared nor sent.
    public let dynamic: Dynamic?

    public struct Dynamic: Sendable, Hashable {
        /// Elements at most; a full set takes no more.
        public let size: UInt32
        /// Seconds after which an element leaves unless renewed; nil: never, but in a map when the rule that adds it says so.
        public let timeout: UInt32?

        public init(size: UInt32, timeout: UInt32? = nil) { (self.size, self.timeout) = (size, timeout) }
    }

    public init(key: [Field], value: Value = .none, isInterval: Bool = false, isCounted: Bool = false, dynamic: Dynamic? = nil) {
        (self.key, self.value, self.isInterval, self.isCounted, self.dynamic) = (key, value, isInterval, isCounted, dynamic)
    }

    /// Elements may leave by themselves.
    public var hasTimeouts: Bool { dynamic.map { $0.timeout != nil || value != .none } ?? false }

    /// nft has no word for the type of a slot: all the fields are then declared by expressions of their types.
    public var isDeclaredByExpressions: Bool {
        var fields = key
        if case .fields(let values) = value { fields += values }
        return fields.contains { if case .slot = $0 { true } else { false } }
    }

    /// nf_tables pads the fields of a concatenation to registers, and a lone field not at all.
    static func length(of fields: [Field]) -> Int {
        fields.count == 1 ? fields[0].length : fields.reduce(0) { $0 + $1.registerLength }
    }

    public var keyLength: Int { Self.length(of: key) }

    public var valueLength: Int {
        switch value {
        case .none: 0
        case .verdict: ElementTable.verdictLength
        case .fields(let fields): Self.length(of: fields)
        }
    }

    public var layout: ElementTable.Layout {
        .init(keyLength: keyLength, isInterval: isInterval, valueLength: valueLength)
    }
}
