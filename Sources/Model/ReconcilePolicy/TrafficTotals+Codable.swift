/// As it is stored: what elements have shown as lines of a set, since there may be tens of thousands.
extension TrafficTotals: Codable {
    private enum Key: String, CodingKey { case farms, seen }

    private struct SeenSet: Codable {
        let place: SetPlace
        /// `KEY PACKETS BYTES`, the key in hexadecimal digits, sorted.
        let elements: [String]
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        try container.encode(farms, forKey: .farms)
        let sets = seen.map { place, elements in
            SeenSet(place: place, elements: elements.map { "\(Self.digits($0)) \($1.packets) \($1.bytes)" }.sorted())
        }
        let sorted = sets.sorted { ($0.place.table, $0.place.set) < ($1.place.table, $1.place.set) }
        try container.encode(sorted, forKey: .seen)
    }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: Key.self)
        farms = try container.decode([String: FarmTraffic].self, forKey: .farms)
        for set in try container.decode([SeenSet].self, forKey: .seen) {
            for line in set.elements {
                guard let (identity, tally) = Self.element(line) else {
                    throw DecodingError.dataCorruptedError(forKey: .seen, in: container, debugDescription: "not an element: \(line)")
                }
                seen[set.place, default: [:]][identity] = tally
            }
        }
    }

    private static func element(_ line: String) -> ([UInt8], PacketTally)? {
        let words = line.split(separator: " ")
        guard words.count == 3, words[0].utf8.count % 2 == 0, let packets = UInt64(words[1]), let bytes = UInt64(words[2]) else {
            return nil
        }
        let digits = words[0].utf8.map(nibble)
        guard !digits.contains(nil) else { return nil }
        let identity = stride(from: 0, to: digits.count, by: 2).map { (digits[$0] ?? 0) << 4 | (digits[$0 + 1] ?? 0) }
        return (identity, PacketTally(packets: packets, bytes: bytes))
    }

    private static func nibble(_ digit: UInt8) -> UInt8? {
        switch digit {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
        default: nil
        }
    }

    private static let alphabet = Array("0123456789abcdef".utf8)

    private static func digits(_ octets: [UInt8]) -> String {
        String(decoding: octets.flatMap { [alphabet[Int($0 >> 4)], alphabet[Int($0 & 15)]] }, as: UTF8.self)
    }
}
