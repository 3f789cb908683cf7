import NetfilterDriver
import Ruleset
import Seams
import Testing

/// What the tests do with the balancer's kernel.
struct Kernel {
    let driver: NetfilterDriver

    /// In the namespace of the calling thread. Takes over what an earlier test has left.
    init() throws {
        driver = try NetfilterDriver()
        try driver.claim()
    }

    /// From whatever is there to `wanted`, in one batch.
    func become(_ wanted: Ruleset) throws {
        let held = try driver.dump(recognising: wanted)
        _ = try driver.commit(held.ruleset.batch(to: wanted), expecting: held.generation)
    }

    /// Without what an earlier ruleset has left in dynamic sets.
    func become(_ wanted: Ruleset, remembering isRemembering: Bool) throws {
        if !isRemembering, wanted.tables.contains(where: { $0.sets.contains { $0.type.dynamic != nil } }) { try become(Ruleset()) }
        try become(wanted)
    }

    func expectHolds(_ wanted: Ruleset, _ comment: Comment? = nil) throws {
        let held = try driver.dump(recognising: wanted)
        #expect(held.foreign == [], comment)
        #expect(held.ruleset.batch(to: wanted).operations == [], comment)
    }
}

/// The lab of the suite's tests.
func currentLab() throws -> Lab { try #require(LabTrait.lab) }
