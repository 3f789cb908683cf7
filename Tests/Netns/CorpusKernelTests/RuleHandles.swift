import NetTypes
import Ruleset

/// Which rule of ours has which handle in the kernel.
struct RuleHandles {
    private struct Handle: Hashable {
        let family: UInt8
        let number: UInt64
    }
    private var places: [Handle: RulePlace] = [:]

    private static let getRule: UInt16 = 10 << 8 | 7
    private static let newRule: UInt16 = 10 << 8 | 6
    private enum Attribute {
        static let table: UInt16 = 1
        static let chain: UInt16 = 2
        static let handle: UInt16 = 3
    }

    /// In the network namespace of the calling thread.
    init() throws {
        let socket = try NetfilterSocket()
        for family in TableFamily.allCases {
            var counts: [String: Int] = [:]
            for message in try socket.dump(Self.getRule, family: family.rawValue) where message.type == Self.newRule {
                let values = message.attributes
                guard let table = values[Attribute.table], let chain = values[Attribute.chain], let handle = values[Attribute.handle],
                    table.text == Ruleset.tableName
                else { continue }
                counts[chain.text, default: 0] += 1
                places[Handle(family: family.rawValue, number: handle.number)] = RulePlace(
                    table: family, chain: chain.text, rule: counts[chain.text] ?? 0)
            }
        }
    }

    subscript(family: UInt8, handle: UInt64) -> RulePlace? { places[Handle(family: family, number: handle)] }
}

extension ArraySlice<UInt8> {
    /// A netlink string.
    var text: String { String(decoding: prefix { $0 != 0 }, as: UTF8.self) }
    /// In network order, as nf_tables has its numbers.
    var number: UInt64 { reduce(0) { $0 << 8 | UInt64($1) } }
}
