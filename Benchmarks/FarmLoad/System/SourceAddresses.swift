import FoundationEssentials

/// The client addresses of a run: the hosts of a prefix (`198.51.100.0/24`) from the first on, or the lines of a file.
struct SourceAddresses {
    let addresses: [[UInt8]]

    enum Fault: Error, CustomStringConvertible {
        case unreadable(String)
        case notAnAddress(String)

        var description: String {
            switch self {
            case .unreadable(let path): "\(path) is neither a prefix like 198.51.100.0/24 nor a file that can be read"
            case .notAnAddress(let line): "\"\(line)\" is not an IPv4 or IPv6 address"
            }
        }
    }

    init(_ text: String, atMost limit: Int) throws {
        if let prefix = Self.hosts(ofPrefix: text, atMost: limit) {
            addresses = prefix
        } else {
            addresses = try Self.lines(ofFile: text).prefix(limit).map(Self.address)
        }
    }

    private static func hosts(ofPrefix text: String, atMost limit: Int) -> [[UInt8]]? {
        let parts = text.split(separator: "/")
        guard parts.count == 2, let base = Endpoint.addressBytes(String(parts[0])), let length = Int(parts[1]) else { return nil }
        let hostBits = base.count * 8 - length
        guard (0...128).contains(hostBits) else { return nil }
        // The network's own address and IPv4's broadcast address are left out where the prefix is wide enough to have them.
        let hosts = hostBits >= 24 ? 1 << 24 : 1 << hostBits
        guard hosts > 2 else { return [base] }
        return (1...max(1, min(limit, hosts - 2))).map { advanced(base, by: $0) }
    }

    private static func advanced(_ base: [UInt8], by steps: Int) -> [UInt8] {
        var bytes = base
        var carry = steps
        for index in bytes.indices.reversed() where carry > 0 {
            carry += Int(bytes[index])
            bytes[index] = UInt8(carry & 0xff)
            carry >>= 8
        }
        return bytes
    }

    private static func lines(ofFile path: String) throws -> [String] {
        guard let bytes = FileManager.default.contents(atPath: path) else { throw Fault.unreadable(path) }
        return String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isNewline).map(String.init)
    }

    private static func address(_ line: String) throws -> [UInt8] {
        guard let bytes = Endpoint.addressBytes(line) else { throw Fault.notAnAddress(line) }
        return bytes
    }
}
