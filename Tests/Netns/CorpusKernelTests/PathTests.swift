import CorpusCases
import NetTypes
import NetfilterDriver
import Ruleset
import TestNamespaces
import Testing

/// The kernel sends the packets of a case where the tracer says.
@Suite(.serialized, .lab) struct PathTests {
    @Test(arguments: CorpusCase.names)
    func kernelAgreesWithTheTracer(_ name: String) throws {
        let (lab, example) = (try currentLab(), try CorpusCase(name))
        let ruleset = try example.ruleset()
        let seen = try Namespace.run(in: lab.balancer) {
            try Kernel().become(ruleset)
            return try Journey(lab).fates(of: example.packets)
        }
        for (line, ends) in zip(example.packets, seen) {
            let ways = line.ways
            #expect(ends.allSatisfy { ways[$0] != nil }, "\(line.question): \(Set(ends).sorted()), expected \(line.answer)")
            // In 64 packets nobody who gets a quarter of them is left out, but once in 10^8 runs.
            for (way, share) in ways where share >= 0.25 { #expect(ends.contains(way), "\(line.question): none went \(way)") }
        }
    }
}
