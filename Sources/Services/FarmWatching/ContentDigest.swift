/// Tells contents apart: FNV-1a in 128 bits, the same on every machine and in every run. No protection against forgery.
public struct ContentDigest: Sendable, Hashable, CustomStringConvertible {
    private var value: UInt128 = 0x6C62_272E_07BB_0142_62B8_2175_6295_C58D
    private static let prime: UInt128 = 1 << 88 | 0x13B

    public init() {}

    public init(_ bytes: [UInt8]) {
        add(bytes)
    }

    public mutating func add(_ bytes: some Sequence<UInt8>) {
        for byte in bytes { value = (value ^ UInt128(byte)) &* Self.prime }
    }

    /// 32 hexadecimal digits.
    public var description: String {
        let digits = String(value, radix: 16)
        return String(repeating: "0", count: 32 - digits.count) + digits
    }
}
