import NetTypes
import Ruleset

/// What nft stores beside a set for its own listing: byte orders and, where a type has no word, an expression of the type.
///
/// Attributes of one octet each for type and length (libnftnl, include/udata.h); numbers in the host's byte order.
struct SetUserData {
    private(set) var bytes: [UInt8] = []

    private enum SetAttribute: UInt8 {
        case keyByteOrder = 0
        case dataByteOrder = 1
        case keyType = 3
        case dataType = 4
        case dataInterval = 6
    }
    private enum ByteOrder: UInt32 { case invalid, host, network }
    /// nft's numbers of expression kinds (include/expression.h).
    private enum Kind: UInt32 {
        case verdict = 1
        case payload = 7
        case meta = 9
        case concatenation = 13
        case numgen = 23
    }

    init(_ type: SetType) {
        let needsExpression = type.isDeclaredByExpressions
        append(.keyByteOrder, Self.byteOrder(type.key))
        switch type.value {
        case .none: break
        case .verdict: append(.dataByteOrder, ByteOrder.invalid)
        case .fields(let fields): append(.dataByteOrder, Self.byteOrder(fields))
        }
        if needsExpression || type.key.count > 1 { append(SetAttribute.keyType.rawValue, expression(type.key, inFull: needsExpression)) }
        guard type.value != .none else { return }
        if let value = dataExpression(type.value, inFull: needsExpression) { append(SetAttribute.dataType.rawValue, value) }
        append(SetAttribute.dataInterval.rawValue, 0)
    }

    /// The modulus of the slot field that user data of our making names.
    static func modulus(in bytes: some Sequence<UInt8>) -> UInt32? {
        let bytes = Array(bytes)
        var probe = SetUserData()
        probe.appendNumgen(modulus: 0)
        let prefix = probe.bytes.dropLast(10)
        guard bytes.count >= prefix.count + 4 else { return nil }
        for start in 0...(bytes.count - prefix.count - 4) where bytes[start..<start + prefix.count].elementsEqual(prefix) {
            return bytes.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: start + prefix.count, as: UInt32.self) }
        }
        return nil
    }

    private init() {}

    private static func byteOrder(_ fields: [Field]) -> ByteOrder {
        guard fields.count == 1 else { return .invalid }
        return switch fields[0] {
        case .slot, .device, .transport, .mark: .host
        case .address, .port, .mac: .network
        }
    }

    private func dataExpression(_ value: SetType.Value, inFull: Bool) -> SetUserData? {
        switch value {
        case .none: nil
        case .verdict: inFull ? .node(.verdict) : nil
        case .fields(let fields): inFull || fields.count > 1 ? expression(fields, inFull: inFull) : nil
        }
    }

    /// A concatenation without a `typeof` is named by its kind alone.
    private func expression(_ fields: [Field], inFull: Bool) -> SetUserData {
        guard fields.count > 1 else { return Self.field(fields[0]) }
        return .node(.concatenation) { concatenation in
            guard inFull else { return }
            for (index, field) in fields.enumerated() { concatenation.append(UInt8(index), Self.field(field)) }
        }
    }

    private static func field(_ field: Field) -> SetUserData {
        // Numbers of nft's protocol descriptions and fields (include/proto.h): ip.daddr, ip6.daddr, th.dport, ether.daddr.
        switch field {
        case .address(.ipv4): payload(description: 12, field: 12)
        case .address(.ipv6): payload(description: 13, field: 9)
        case .port: payload(description: 11, field: 2)
        case .mac: payload(description: 17, field: 1)
        case .transport: .node(.meta) { $0.append(0, 16) }
        case .device: .node(.meta) { $0.append(0, 4) }
        case .mark: .node(.meta) { $0.append(0, 3) }
        case .slot(let modulus): .node(.numgen) { $0.appendNumgenFields(modulus: modulus) }
        }
    }

    private static func payload(description: UInt32, field: UInt32) -> SetUserData {
        .node(.payload) {
            $0.append(0, description)
            $0.append(1, field)
        }
    }

    private static func node(_ kind: Kind, _ body: (inout SetUserData) -> Void = { _ in }) -> SetUserData {
        var (node, content) = (SetUserData(), SetUserData())
        body(&content)
        node.append(0, kind.rawValue)
        node.append(1, content)
        return node
    }

    private mutating func appendNumgen(modulus: UInt32) { bytes += Self.field(.slot(modulus: modulus)).bytes }

    private mutating func appendNumgenFields(modulus: UInt32) {
        append(0, 0)
        append(1, modulus)
        append(2, 0)
    }

    private mutating func append(_ attribute: SetAttribute, _ order: ByteOrder) { append(attribute.rawValue, order.rawValue) }

    private mutating func append(_ attribute: UInt8, _ number: UInt32) {
        bytes += [attribute, 4]
        withUnsafeBytes(of: number) { bytes.append(contentsOf: $0) }
    }

    private mutating func append(_ attribute: UInt8, _ content: SetUserData) {
        bytes += [attribute, UInt8(content.bytes.count)]
        bytes += content.bytes
    }
}
