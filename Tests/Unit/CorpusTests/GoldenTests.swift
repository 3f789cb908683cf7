import CorpusCases
import FoundationEssentials
import Testing

/// Writes the golden files anew: for Scripts/corpus, which shows the difference afterwards.
@Suite struct GoldenTests {
    @Test(.enabled(if: ProcessInfo.processInfo.environment["ZVNFT_CORPUS"] == "rewrite", "only Scripts/corpus writes golden files"))
    func goldenFilesAreRewritten() throws {
        for name in CorpusCase.names { try CorpusCase(name).rewriteGolden() }
    }
}
