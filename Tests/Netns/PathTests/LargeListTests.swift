import FarmConfig
import FarmModel
import Glibc
import NetTypes
import NetfilterDriver
import Ruleset
import RulesetCompiler
import TestNamespaces
import Testing

/// A hundred thousand prefixes. How long that takes, and what a packet pays, is Scripts/bench's to say (load, path).
@Suite(.serialized) struct LargeListTests {
    /// Networks of all sizes, as public lists have them.
    private static func prefixes(_ count: Int, seed: Int = 1) -> [String] {
        (0..<count).map { number in
            let mixed = UInt32(truncatingIfNeeded: (number + seed) &* 0x9E37_79B1)
            let length = 22 + number % 11
            return "\(IPAddress(v4: mixed & UInt32.max << UInt32(32 - length)))/\(length)"
        }
    }

    private static let farm = WebFarm(more: "policies: [{ name: bad, action: drop, sourceFile: /lists/bad.txt }]").text

    @Test func aHundredThousandPrefixesLoadAndChange() throws {
        let network = try Network()
        let lines = Self.prefixes(100_000)
        try network.serve(Self.farm, list: lines)
        try network.serve(Self.farm, list: Self.prefixes(1000, seed: 7_000_000) + lines[1000...])
        let held = try network.balancer.inside { try NetfilterDriver().dump(recognising: network.ruleset).ruleset }
        #expect(held.batch(to: network.ruleset).isEmpty)
    }

    /// Real packets of sources in and beside the networks of a list that is large enough for a filter.
    @Test(arguments: ["dnat", "stateless"])
    func packetsAreDroppedByALargeListExactly(_ mode: String) throws {
        let network = try Network()
        let farm = WebFarm(mode: mode, more: "policies: [{ name: bad, action: drop, sourceFile: /lists/bad.txt }]").text
        let lines = Self.prefixes(2000)
        let text = Array(lines.joined(separator: "\n").utf8)
        let ranges = AddressList.parse(text, path: "bad").list.ranges
        try network.serve(farm, list: lines)
        #expect(network.ruleset.tables.flatMap(\.sets).contains { $0.name.hasPrefix("blocks-of-list4") })
        let sources = ranges.prefix(400).flatMap { [$0.first.bits, $0.last.bits, $0.first.bits - 1, $0.last.bits + 1] }.map {
            IPAddress(.ipv4, bits: $0)
        }
        let target = Endpoint(address: IPAddress(v4: 0xCB00_710A), port: 80)
        try network.send(sources.map { Frame(Endpoint(address: $0, port: 1024), target) })
        let listed = sources.count { source in ranges.contains { $0.contains(source) } }
        #expect(listed >= 800 && listed < sources.count)
        #expect(try network.counted("guard4", "list4") == UInt64(listed))
    }
}

extension Network {
    /// From the text of a list to the kernel's yes.
    fileprivate func serve(_ farms: String, list: [String]) throws {
        let text = list.joined(separator: "\n")
        let loaded = FarmConfig.load([FarmFile(path: "farms.yaml", text: Array(farms.utf8))])
        let reading = ListReading(parsing: Array(text.utf8), path: "bad")
        let farms = loaded.completed(with: Dictionary(uniqueKeysWithValues: loaded.listFiles.map { ($0, reading) })).result.farms
        let wanted = try balancer.inside { try Self.compiler(farms).ruleset }
        let batch = ruleset.batch(to: wanted)
        try balancer.inside {
            let driver = try NetfilterDriver()
            try driver.claim()
            _ = try driver.commit(batch, expecting: nil)
        }
        note(wanted)
    }
}
