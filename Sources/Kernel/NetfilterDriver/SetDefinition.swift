import CNetfilter
import NetTypes
import Ruleset

/// A set's type in the kernel's terms.
struct SetDefinition: Equatable {
    let flags: UInt32
    let keyType: UInt32
    let keyLength: UInt32
    /// Both 0 where there is no data.
    let dataType: UInt32
    let dataLength: UInt32
    /// Both 0 for sets that packets do not change; the timeout in milliseconds, 0 where there is none.
    let size: UInt32
    let timeout: UInt64
    /// What every element has: a counter of its own, or something that we never ask for.
    let elementExpressions: ElementExpressions

    enum ElementExpressions { case none, counter, other }

    static let verdictType: UInt32 = 0xFFFF_FF00

    init(
        flags: UInt32, keyType: UInt32, keyLength: UInt32, dataType: UInt32, dataLength: UInt32, size: UInt32 = 0, timeout: UInt64 = 0,
        elementExpressions: ElementExpressions = .none
    ) {
        (self.flags, self.keyType, self.keyLength) = (flags, keyType, keyLength)
        (self.dataType, self.dataLength, self.size, self.timeout) = (dataType, dataLength, size, timeout)
        self.elementExpressions = elementExpressions
    }

    init(_ type: SetType) {
        var flags: UInt32 = 0
        if type.value != .none { flags |= UInt32(NFT_SET_MAP.rawValue) }
        if type.isInterval { flags |= UInt32(NFT_SET_INTERVAL.rawValue) }
        // The kernel asks for the flag where it looks up ranges field by field, and nft writes it only there.
        if type.isInterval, type.key.count > 1 { flags |= UInt32(NFT_SET_CONCAT.rawValue) }
        // Without EVAL no rule may add elements.
        if type.dynamic != nil { flags |= UInt32(NFT_SET_EVAL.rawValue) }
        if type.hasTimeouts { flags |= UInt32(NFT_SET_TIMEOUT.rawValue) }
        self.flags = flags
        elementExpressions = type.isCounted ? .counter : .none
        size = type.dynamic?.size ?? 0
        timeout = UInt64(type.dynamic?.timeout ?? 0) * 1000
        keyType = Field.typeNumber(type.key)
        keyLength = UInt32(type.keyLength)
        switch type.value {
        case .none: (dataType, dataLength) = (0, 0)
        case .verdict: (dataType, dataLength) = (Self.verdictType, 0)
        case .fields(let fields): (dataType, dataLength) = (Field.typeNumber(fields), UInt32(type.valueLength))
        }
    }
}

extension SetType {
    /// Reads a definition; nil for types that we never make. `modulus` is that of a slot field, which the kernel does not know.
    init?(_ definition: SetDefinition, modulus: UInt32?) {
        guard let key = Field.fields(definition.keyType, modulus: modulus) else { return nil }
        let value: Value
        if definition.flags & UInt32(NFT_SET_MAP.rawValue) == 0 {
            value = .none
        } else if definition.dataType == SetDefinition.verdictType {
            value = .verdict
        } else if let fields = Field.fields(definition.dataType, modulus: modulus) {
            value = .fields(fields)
        } else {
            return nil
        }
        let isInterval = definition.flags & UInt32(NFT_SET_INTERVAL.rawValue) != 0
        self.init(
            key: key, value: value, isInterval: isInterval, isCounted: definition.elementExpressions == .counter,
            dynamic: Dynamic(definition))
        guard SetDefinition(self) == definition else { return nil }
    }
}

extension SetType.Dynamic {
    /// Nil for a set that packets do not change.
    fileprivate init?(_ definition: SetDefinition) {
        guard definition.flags & UInt32(NFT_SET_EVAL.rawValue) != 0, let seconds = UInt32(exactly: definition.timeout / 1000) else {
            return nil
        }
        self.init(size: definition.size, timeout: seconds == 0 ? nil : seconds)
    }
}

extension Field {
    /// nft's number for the type (include/datatype.h); the kernel stores it for nft to read.
    var typeNumber: UInt32 {
        switch self {
        case .slot: 4
        case .address(.ipv4): 7
        case .address(.ipv6): 8
        case .mac: 9
        case .transport: 12
        case .port: 13
        case .mark: 19
        case .device: 20
        }
    }

    /// A concatenation's number: 6 bits a field.
    static func typeNumber(_ fields: [Field]) -> UInt32 { fields.reduce(0) { $0 << 6 | $1.typeNumber } }

    static func fields(_ number: UInt32, modulus: UInt32?) -> [Field]? {
        var (rest, fields): (UInt32, [Field]) = (number, [])
        while rest != 0 {
            guard let field = field(rest & 0x3F, modulus: modulus) else { return nil }
            fields.insert(field, at: 0)
            rest >>= 6
        }
        return fields.isEmpty ? nil : fields
    }

    private static func field(_ number: UInt32, modulus: UInt32?) -> Field? {
        switch number {
        case 4: modulus.map { .slot(modulus: $0) }
        case 7: .address(.ipv4)
        case 8: .address(.ipv6)
        case 9: .mac
        case 12: .transport
        case 13: .port
        case 19: .mark
        case 20: .device
        default: nil
        }
    }
}
