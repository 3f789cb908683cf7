import FarmModel
import NetTypes
import Ruleset

/// Networks that a policy names, of one family, as sets of the kernel.
///
/// A single field of ranges is a tree in the kernel: a lookup among 1 000 prefixes takes 0.4 µs, among 100 000 1.4. So a larger set has a filter before it,
/// a hash set of the blocks of one size in which any of its addresses lie: a source elsewhere is told by one short lookup, and most
/// sources are elsewhere (docs/benchmarks.md, "Policies").
struct SourceSet: Sendable, Hashable {
    let family: AddressFamily
    let name: String
    let table: ElementTable
    let filter: Filter?

    struct Filter: Sendable, Hashable {
        let name: String
        /// Leading bits that make a block.
        let bits: Int
        let table: ElementTable
    }

    static func type(_ family: AddressFamily) -> SetType { SetType(key: [.address(family)], isInterval: true) }
    static func filterType(_ family: AddressFamily) -> SetType { SetType(key: [.address(family)]) }

    /// Ranges below which a tree is quick enough by itself.
    private static let leastFiltered = 16

    /// `octets`: as `SourceList` gives them.
    init(_ octets: [UInt8], _ family: AddressFamily, named name: String) {
        (self.family, self.name) = (family, name)
        table = ElementTable(Self.type(family).layout, sortedRows: octets)
        guard table.count >= Self.leastFiltered, let (bits, rows) = Self.blocks(of: octets, family) else {
            filter = nil
            return
        }
        filter = Filter(
            name: "blocks-of-\(name)", bits: bits, table: ElementTable(Self.filterType(family).layout, sortedRows: rows))
    }

    /// Matches sources that are in the set.
    var statements: [Statement] {
        let source = Statement.inSet(Key(.address(.source, family)), set: name)
        return filter.map { [.inSet(Key(.network(.source, family, bits: $0.bits)), set: $0.name), source] } ?? [source]
    }

    var elements: [(set: ElementSet, rows: ElementTable)] {
        let own = (ElementSet(name: name, type: Self.type(family)), table)
        return [own] + (filter.map { [(ElementSet(name: $0.name, type: Self.filterType(family)), $0.table)] } ?? [])
    }
}

extension SourceSet {
    /// Sizes of blocks, the smallest first: it lets the fewest sources through to the tree.
    private static func sizes(_ family: AddressFamily) -> [Int] { family == .ipv4 ? [24, 20, 16, 12, 8] : [64, 56, 48, 40, 32, 24, 16] }

    /// The first size of which not many more blocks are needed than there are ranges; nil when a few ranges are nearly everything.
    private static func blocks(of octets: [UInt8], _ family: AddressFamily) -> (bits: Int, rows: [UInt8])? {
        let room = max(65_536, 4 * octets.count / (2 * family.addressLength))
        for bits in sizes(family) {
            if let rows = blocks(of: octets, family, bits: bits, atMost: room) { return (bits, rows) }
        }
        return nil
    }

    private static func blocks(of octets: [UInt8], _ family: AddressFamily, bits: Int, atMost room: Int) -> [UInt8]? {
        let (length, shift) = (family.addressLength, UInt128(family.addressLength * 8 - bits))
        var (rows, count, next): ([UInt8], Int, UInt128) = ([], 0, 0)
        for offset in stride(from: 0, to: octets.count, by: 2 * length) {
            // Ranges are in order: what the one before has already named is not named again.
            let first = max(next, number(octets[offset..<offset + length]) >> shift)
            let last = number(octets[offset + length..<offset + 2 * length]) >> shift
            guard first <= last else { continue }
            guard last - first < UInt128(room - count) else { return nil }
            for block in first...last { IPAddress(family, bits: block << shift).appendOctets(to: &rows) }
            (count, next) = (count + Int(last - first) + 1, last + 1)
        }
        return rows
    }

    private static func number(_ octets: ArraySlice<UInt8>) -> UInt128 { octets.reduce(0) { $0 << 8 | UInt128($1) } }
}

/// The networks of a farm's policies, by family and policy: what stays the same until its configuration changes.
struct SourceSets: Sendable, Hashable {
    private let sets: [AddressFamily: [[SourceSet]]]

    init(_ farm: Farm) {
        let families = farm.policies.isEmpty ? [] : Set(farm.listeners.map(\.address.family))
        sets = families.reduce(into: [:]) { sets, family in sets[family] = farm.policies.map { Self.sets(of: $0, family) } }
    }

    func all(_ family: AddressFamily) -> [SourceSet] { sets[family]?.flatMap { $0 } ?? [] }
    func of(policy index: Int, _ family: AddressFamily) -> [SourceSet] { sets[family]?[index] ?? [] }

    /// What stands in the farm file is named by its content, so that equal lists are one set. A list file is named by its path: when
    /// it changes, elements come and go, and the set stays.
    private static func sets(of policy: Policy, _ family: AddressFamily) -> [SourceSet] {
        var sets: [SourceSet] = []
        let own = SourceList(policy.sources).octets(family)
        if !own.isEmpty { sets.append(SourceSet(own, family, named: "networks\(family.rawValue)-\(hexadecimal(identity(of: own)))")) }
        if let file = policy.sourceFile {
            let name = "list\(family.rawValue)-\(hexadecimal(identity(of: file)))"
            sets.append(SourceSet(policy.list?.octets(family) ?? [], family, named: name))
        }
        return sets
    }
}
