import CorpusCases
import Glibc
import NetTypes
import NetfilterDriver
import Ruleset
import TestNamespaces
import Testing

/// The kernel sends the packets of a case where the tracer says.
@Suite(.serialized, .lab) struct PathTests {
    @Test(arguments: CorpusCase.names)
    func kernelAgreesWithTheTracer(_ name: String) throws {
        let example = try CorpusCase(name)
        for section in example.sections {
            if try example.isSequence() { try expectEachStep(section, example) } else { try expectWays(section, example) }
        }
    }

    /// Where nothing is remembered packets are sent at once, many of those that have a choice.
    private func expectWays(_ lines: [PacketLine], _ example: CorpusCase) throws {
        let (lab, ruleset) = (try currentLab(), try example.ruleset())
        let seen = try Namespace.run(in: lab.balancer) {
            try Kernel().become(ruleset, remembering: false)
            return try Journey.run(lab, nextHops: example.situation.nextHops) { try $0.fates(of: lines) }
        }
        for (line, ends) in zip(lines, seen) {
            let ways = line.ways
            #expect(ends.allSatisfy { ways[$0] != nil }, "\(line.question): \(Set(ends).sorted()), expected \(line.answer)")
            // In 64 packets nobody who gets a quarter of them is left out, but once in 10^8 runs.
            for (way, share) in ways where share >= 0.25 { #expect(ends.contains(way), "\(line.question): none went \(way)") }
        }
    }

    /// Where packets are remembered, each has to end as the tracer says of what the kernel has done with those before it.
    private func expectEachStep(_ lines: [PacketLine], _ example: CorpusCase) throws {
        let (lab, ruleset) = (try currentLab(), try example.ruleset())
        let seen = try Namespace.run(in: lab.balancer) {
            try Kernel().become(ruleset, remembering: false)
            return try Journey.run(lab, nextHops: example.situation.nextHops) { journey in
                try lines.map { line in
                    if case .pause(let time) = line.interlude { usleep(UInt32(time.components.seconds) * 1_000_000) }
                    return try journey.fates(of: [line.packet])[0]
                }
            }
        }
        var worlds = try example.worlds()
        for (line, end) in zip(lines, seen) {
            let ends = worlds.send(line)
            guard let way = ends[end] else {
                Issue.record("\(line.question): \(end), expected \(ends.keys.sorted().joined(separator: " or "))")
                return
            }
            worlds = way.worlds
        }
    }
}
