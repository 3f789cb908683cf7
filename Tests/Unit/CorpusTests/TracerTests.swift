import CorpusCases
import Ruleset
import Testing

/// Packets end where the case says.
@Suite struct TracerTests {
    @Test(arguments: CorpusCase.names)
    func packetsEndWhereTheCaseSays(_ name: String) throws {
        let example = try CorpusCase(name)
        #expect(!example.packets.isEmpty)
        for (line, answer) in zip(example.packets, try example.traced()) { #expect(answer == line.answer, "\(line.question)") }
    }

    @Test(arguments: CorpusCase.names)
    func sharesAddUp(_ name: String) throws {
        let example = try CorpusCase(name)
        let tracer = Tracer(onCorpusHost: try example.ruleset())
        for line in example.packets {
            #expect(abs(tracer.trace(line.packet).reduce(0) { $0 + $1.share } - 1) < 1e-9, "\(line.question)")
        }
    }
}
