import CorpusCases
import Glibc
import NetfilterDriver
import Ruleset
import TestNamespaces
import Testing

/// nft takes our text, and makes of it what our driver makes of the ruleset.
@Suite(.serialized, .lab) struct OracleTests {
    @Test(arguments: CorpusCase.names)
    func nftMakesTheSameOfTheText(_ name: String) throws {
        let (lab, example) = (try currentLab(), try CorpusCase(name))
        let ruleset = try example.ruleset()
        var theirs = try Namespace.run(in: lab.oracle) {
            try NftFile.with(ruleset.text()) { try Shell.run("nft flush ruleset && nft -c -f \($0) && nft -f \($0) && nft list ruleset") }
        }
        var ours = try Namespace.run(in: lab.balancer) {
            let kernel = try Kernel()
            // From nothing: a listing stands in the order of creation.
            try kernel.become(Ruleset())
            try kernel.become(ruleset)
            return try Shell.run("nft list ruleset")
        }
        // While the kernel moves a map to a larger table, which it does some time after a load, a listing lacks elements: it is asked again.
        for _ in 1...10 where Self.differ(ours, theirs) {
            usleep(100_000)
            theirs = try Namespace.run(in: lab.oracle) { try Shell.run("nft list ruleset") }
            ours = try Namespace.run(in: lab.balancer) { try Shell.run("nft list ruleset") }
        }
        // What nft lists but does not read stands as a remark in our text, word for word.
        let (listed, beyond) = (Self.lines(ours).filter { !Self.isBeyondNft($0) }, Self.lines(ours).filter(Self.isBeyondNft))
        let difference = listed.difference(from: Self.lines(theirs))
        #expect(difference.map { "\($0)" } == [])
        let remarks = ruleset.text().split(separator: "\n").filter { $0.contains(Rule.remark) }
        #expect(remarks.map { String($0.replacing(Rule.remark, with: "")) } == beyond.map(String.init))
        #expect(Self.lines(ours).isEmpty == ruleset.tables.isEmpty)
    }

    private static func differ(_ ours: String, _ theirs: String) -> Bool { lines(ours).filter { !isBeyondNft($0) } != lines(theirs) }

    private static func isBeyondNft(_ line: Substring) -> Bool {
        line.contains("@th,") && !line.contains("@th,64,8 0x45")
    }

    /// Without what tells the owner of a table, its flags and a comment, which no nft of this version loads back.
    private static func lines(_ listing: String) -> [Substring] {
        listing.split(separator: "\n").filter { !$0.hasPrefix("\tflags") && !$0.hasPrefix("# Warning: table") }
            .map { $0.hasPrefix("table ") ? $0.prefix { $0 != "#" }.split(separator: " ").joined(separator: " ")[...] : $0 }
    }
}
