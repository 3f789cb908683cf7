import FarmModel
import NetTypes
import Ruleset
import Testing

@testable import RulesetCompiler

/// Large lists are filtered by blocks; with the filter a set holds what it holds without.
@Suite struct SourceSetTests {
    @Test(arguments: [AddressFamily.ipv4, .ipv6], [UInt64](1...6))
    func filterAndTreeTogetherHoldTheList(_ family: AddressFamily, _ seed: UInt64) throws {
        var random = Seeded(seed)
        let ranges = AddressRange.canonical((0..<1500).compactMap { _ in random.range(family) })
        let set = SourceSet(SourceList(ranges).octets(family), family, named: "list")
        let filter = try #require(set.filter)
        let rows = Set((0..<filter.table.count).map { Array(filter.table.key($0)) })
        let mask = family.mask(filter.bits).octets
        for address in random.addresses(of: family, near: ranges, count: 3000) {
            let block = zip(address.octets, mask).map { $0 & $1 }
            let isListed = ranges.contains { $0.contains(address) }
            #expect(!isListed || rows.contains(block), "\(address), seed \(seed): the filter must not hide it")
        }
        let blocks = rows.compactMap { IPAddress(octets: $0) }
        let size = UInt128(1) << UInt128(family.addressLength * 8 - filter.bits)
        for block in blocks.shuffled(using: &random).prefix(300) {
            let last = IPAddress(family, bits: block.bits + (size - 1))
            #expect(
                ranges.contains { $0.first <= last && block <= $0.last },
                "\(block)/\(filter.bits), seed \(seed): a block with nothing in it")
        }
    }

    @Test func smallListsNeedNoFilter() throws {
        let ranges = try (0..<15).map { AddressRange(try #require(IPAddress("10.\($0 / 250).\($0 % 250).1"))) }
        #expect(SourceSet(SourceList(ranges).octets(.ipv4), .ipv4, named: "list").filter == nil)
    }

    @Test func wideRangesMakeTheBlocksLarger() throws {
        let hosts = try (0..<600).map { AddressRange(try #require(IPAddress("192.\($0 / 250).\($0 % 250).1"))) }
        let wide = try #require(AddressRange(IPAddress(v4: 0x0A00_0000), IPAddress(v4: 0x0BFF_FFFF)))
        let filters = [hosts, AddressRange.canonical([wide] + hosts)].map {
            SourceSet(SourceList($0).octets(.ipv4), .ipv4, named: "l").filter
        }
        #expect(filters.map { $0?.bits } == [24, 20])
        let everything = try #require(AddressRange(IPAddress(v4: 0), IPAddress(v4: 0xBFFF_FFFF)))
        let most = AddressRange.canonical([everything] + hosts)
        #expect(SourceSet(SourceList(most).octets(.ipv4), .ipv4, named: "l").filter?.bits == 16)
    }
}

/// splitmix64
private struct Seeded: RandomNumberGenerator {
    private var state: UInt64
    init(_ seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
        return mixed ^ mixed >> 31
    }

    /// Prefixes of all lengths that lists have, and ranges that are none.
    mutating func range(_ family: AddressFamily) -> AddressRange? {
        let width = UInt128(family == .ipv4 ? Int.random(in: 0...12, using: &self) : Int.random(in: 60...90, using: &self))
        let address = self.address(family)
        let first = IPAddress(family, bits: (address.bits >> width) << width)
        let last =
            Bool.random(using: &self) ? first.bits + (1 << width) - 1 : first.bits + UInt128.random(in: 0..<(1 << width), using: &self)
        return AddressRange(first, IPAddress(family, bits: last))
    }

    mutating func address(_ family: AddressFamily) -> IPAddress {
        IPAddress(
            family,
            bits: UInt128(UInt64.random(in: 0...UInt64.max, using: &self)) << 64 | UInt128(UInt64.random(in: 0...UInt64.max, using: &self)))
    }

    mutating func addresses(of family: AddressFamily, near ranges: [AddressRange], count: Int) -> [IPAddress] {
        (0..<count).map { number in
            guard number % 3 > 0, let range = ranges.randomElement(using: &self) else { return address(family) }
            return number % 3 == 1 ? range.first : range.last
        }
    }
}
