import CorpusCases
import NetfilterDriver
import Ruleset
import TestNamespaces
import Testing

/// What the kernel holds after a commit is what was committed.
@Suite(.serialized, .lab) struct DumpTests {
    @Test(arguments: CorpusCase.names)
    func secondApplyIsAnEmptyBatch(_ name: String) throws {
        let ruleset = try CorpusCase(name).ruleset()
        try Namespace.run(in: try currentLab().balancer) {
            let kernel = try Kernel()
            // From what the case before has left, as after a restart of the daemon.
            try kernel.become(ruleset)
            try kernel.expectHolds(ruleset)
            let generation = try kernel.driver.generation()
            try kernel.become(ruleset)
            #expect(try kernel.driver.generation() == generation)
        }
    }

    /// As the daemon goes: from what it knows to have committed, without a dump in between.
    @Test func everyCaseFollowsAnother() throws {
        let names = CorpusCase.names
        // A stride that shares no factor with the count meets all of them, and no neighbours.
        let stride = [37, 31, 29].first { names.count % $0 != 0 } ?? 1
        let cases = try names.indices.map { try CorpusCase(names[$0 * stride % names.count]) }
        let rulesets = try cases.map { ($0.name, try $0.ruleset()) }
        try Namespace.run(in: try currentLab().balancer) {
            let kernel = try Kernel()
            try kernel.become(Ruleset())
            var held = Ruleset()
            for (name, wanted) in rulesets {
                _ = try kernel.driver.commit(held.batch(to: wanted), expecting: nil)
                try kernel.expectHolds(wanted, "\(name)")
                held = wanted
            }
        }
    }
}
