import CorpusCases
import Ruleset
import Testing

/// The strict model of the kernel takes every case, and every way from one case to another.
@Suite struct ModelKernelTests {
    @Test(arguments: CorpusCase.names)
    func takesTheCaseFromNothing(_ name: String) throws {
        let wanted = try CorpusCase(name).ruleset()
        var kernel = ModelKernel()
        _ = try kernel.apply(Ruleset().batch(to: wanted), from: 1)
        #expect(kernel.ruleset.batch(to: wanted).operations == [])
        #expect(canonical(kernel.ruleset) == canonical(wanted))
        _ = try kernel.apply(wanted.batch(to: Ruleset()), from: 1)
        #expect(kernel.ruleset == Ruleset())
    }

    @Test(arguments: transitions)
    func goesFromOneCaseToAnother(_ from: String, _ to: String) throws {
        let (held, wanted) = (try CorpusCase(from).ruleset(), try CorpusCase(to).ruleset())
        var kernel = ModelKernel()
        _ = try kernel.apply(Ruleset().batch(to: held), from: 1)
        // By farms, as the daemon knows what it has committed; and whole, as after a dump.
        var adopted = kernel
        _ = try kernel.apply(held.batch(to: wanted), from: 1)
        _ = try adopted.apply(adopted.ruleset.batch(to: wanted), from: 1)
        #expect(canonical(kernel.ruleset) == canonical(wanted))
        #expect(canonical(adopted.ruleset) == canonical(wanted))
    }

    /// From each case to four others, at distances that grow: neighbours resemble each other, the far ones do not.
    private static let transitions: [(String, String)] = CorpusCase.names.indices.flatMap { index in
        [1, 5, 17, 29].map { (CorpusCase.names[index], CorpusCase.names[(index + $0) % CorpusCase.names.count]) }
    }

    /// Chains stand in the order of their creation, which a transition changes and no packet sees.
    private func canonical(_ ruleset: Ruleset) -> String {
        Ruleset(
            tables: ruleset.tables.map { table in
                Table(family: table.family, sets: table.sets, chains: table.chains.sorted { $0.name < $1.name })
            }
        ).text()
    }
}
