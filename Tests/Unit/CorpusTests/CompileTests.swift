import CorpusCases
import Ruleset
import Testing

/// Compiling a case gives its ruleset.
@Suite struct CompileTests {
    @Test func corpusIsRead() { #expect(CorpusCase.names.count >= 40) }

    @Test(arguments: CorpusCase.names)
    func compilesToItsRuleset(_ name: String) throws {
        let example = try CorpusCase(name)
        let difference = try lines(example.ruleset().text()).difference(from: lines(example.golden()))
        #expect(difference.map { "\($0)" } == [])
    }

    /// Files are read in lexical order, but nothing may hang on it.
    @Test(arguments: CorpusCase.names)
    func orderOfFarmsDoesNotMatter(_ name: String) throws {
        let example = try CorpusCase(name)
        let (forth, back) = (try example.desired().ruleset, try example.desired(farmsReversed: true).ruleset)
        #expect(forth.text() == back.text())
        #expect(forth == back)
    }

    private func lines(_ text: String) -> [Substring] { text.split(separator: "\n", omittingEmptySubsequences: false) }
}
