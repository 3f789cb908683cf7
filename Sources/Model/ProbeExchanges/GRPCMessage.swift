/// A message of grpc.health.v1, coded by hand: one field of text there, one number back.
enum GRPCMessage {
    /// HealthCheckRequest { service: 1 }, behind "not compressed" and its length.
    static func request(service: String) -> [UInt8] {
        let name = Array(service.utf8)
        // Names of up to 255 octets: a length of at most two octets.
        let length = name.count < 128 ? [UInt8(name.count)] : [UInt8(name.count & 0x7F | 0x80), UInt8(name.count >> 7)]
        let message = name.isEmpty ? [] : [0x0A] + length + name
        return [0] + bigEndian(message.count, octets: 4) + message
    }

    /// HealthCheckResponse { status: 1 }; nil while it is not whole, or malformed.
    static func status(in bytes: [UInt8]) -> Int? {
        guard bytes.count >= 5, bytes[0] == 0 else { return nil }
        let length = bytes[1..<5].reduce(0) { $0 << 8 | Int($1) }
        guard bytes.count == 5 + length else { return nil }
        return field(1, in: bytes[5...])
    }

    /// The number in a field of a protobuf message; 0 when it is left out. The last one counts.
    private static func field(_ wanted: Int, in message: ArraySlice<UInt8>) -> Int? {
        var (rest, value) = (message, 0)
        while !rest.isEmpty {
            guard let tag = number(&rest) else { return nil }
            switch tag & 7 {
            case 0:
                guard let number = number(&rest) else { return nil }
                if tag >> 3 == wanted { value = number }
            case 1, 5:
                let size = tag & 7 == 1 ? 8 : 4
                guard rest.count >= size else { return nil }
                rest = rest.dropFirst(size)
            case 2:
                guard let size = number(&rest), size <= rest.count else { return nil }
                rest = rest.dropFirst(size)
            default: return nil
            }
        }
        return value
    }

    /// A varint of at most 56 bits; an enum's value needs no more.
    private static func number(_ rest: inout ArraySlice<UInt8>) -> Int? {
        var value = 0
        for shift in stride(from: 0, to: 56, by: 7) {
            guard let octet = rest.popFirst() else { return nil }
            value |= Int(octet & 0x7F) << shift
            if octet & 0x80 == 0 { return value }
        }
        return nil
    }
}
