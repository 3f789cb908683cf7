import FarmConfig
import FarmModel
import Glibc
import NetTypes
import NetfilterDriver
import Ruleset
import RulesetCompiler
import TestNamespaces
import Testing

/// A hundred thousand prefixes. The times hold for a build with optimisation; what a packet pays is Scripts/bench's to say.
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
        let first = try network.served(Self.farm, list: lines)
        let again = try network.served(Self.farm, list: Self.prefixes(1000, seed: 7_000_000) + lines[1000...])
        print("100 000 prefixes: \(first) from text to kernel, \(again) after a change of 1 %")
        #expect(try network.balancer.inside { try NetfilterDriver().generation() } > 0)
        #if !DEBUG
            #expect(first < .seconds(2) && again < .milliseconds(200))
        #endif
    }

    /// Real packets of sources in and beside the networks of a list that is large enough for a filter.
    @Test(arguments: ["dnat", "stateless"])
    func packetsAreDroppedByALargeListExactly(_ mode: String) throws {
        let network = try Network()
        let farm = WebFarm(mode: mode, more: "policies: [{ name: bad, action: drop, sourceFile: /lists/bad.txt }]").text
        let lines = Self.prefixes(2000)
        let text = Array(lines.joined(separator: "\n").utf8)
        let ranges = AddressList.parse(text, path: "bad").list.ranges
        _ = try network.served(farm, list: lines)
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
    /// How long it takes from the text of a list to the kernel's yes, the farm's other parts included.
    fileprivate func served(_ farms: String, list: [String]) throws -> Duration {
        let text = list.joined(separator: "\n")
        let ruleset = ruleset
        let begin = ContinuousClock.now
        let loaded = FarmConfig.load([FarmFile(path: "farms.yaml", text: Array(farms.utf8))])
        let reading = ListReading(parsing: Array(text.utf8), path: "bad")
        let farms = loaded.completed(with: Dictionary(uniqueKeysWithValues: loaded.listFiles.map { ($0, reading) })).result.farms
        let wanted = try balancer.inside { try Self.compiler(farms).ruleset }
        let batch = ruleset.batch(to: wanted)
        let compiled = ContinuousClock.now
        try balancer.inside {
            let driver = try NetfilterDriver()
            try driver.claim()
            _ = try driver.commit(batch, expecting: nil)
        }
        let end = ContinuousClock.now
        print("  read and compiled in \(compiled - begin), committed in \(end - compiled)")
        note(wanted)
        return end - begin
    }
}
