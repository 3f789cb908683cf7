import ControlAPI

/// Any JSON value, with sorted keys: what both text formats are written from.
indirect enum Tree: Decodable, Equatable {
    case null
    case flag(Bool)
    case integer(Int)
    case number(Double)
    case text(String)
    case list([Tree])
    case mapping([(key: String, value: Tree)])

    init(_ value: some Encodable) throws {
        self = try ControlJSON.decode(Tree.self, from: try ControlJSON.encode(value))
    }

    /// `try?` asks what stands here: a decoder has no other way to be asked, and the last case throws what none of them is.
    init(from decoder: any Decoder) throws {
        if let keyed = try? decoder.container(keyedBy: AnyKey.self) {
            let keys = keyed.allKeys.sorted { $0.stringValue < $1.stringValue }
            self = .mapping(try keys.map { ($0.stringValue, try keyed.decode(Tree.self, forKey: $0)) })
        } else if var unkeyed = try? decoder.unkeyedContainer() {
            var items: [Tree] = []
            while !unkeyed.isAtEnd { items.append(try unkeyed.decode(Tree.self)) }
            self = .list(items)
        } else {
            self = try Self.scalar(try decoder.singleValueContainer())
        }
    }

    private static func scalar(_ value: any SingleValueDecodingContainer) throws -> Tree {
        if value.decodeNil() { return .null }
        if let flag = try? value.decode(Bool.self) { return .flag(flag) }
        if let integer = try? value.decode(Int.self) { return .integer(integer) }
        if let number = try? value.decode(Double.self) { return .number(number) }
        return .text(try value.decode(String.self))
    }

    static func == (left: Tree, right: Tree) -> Bool { JSONText.of(left) == JSONText.of(right) }
}

private struct AnyKey: CodingKey {
    let stringValue: String
    var intValue: Int? { nil }
    init(stringValue: String) { self.stringValue = stringValue }
    init?(intValue: Int) { nil }
}
