import CLinux
import Glibc
import NetfilterDriver
import Ruleset
import Seams
import TestNamespaces
import Testing

@Suite struct OwnershipTests {
    @Test func secondDriverIsToldAndTheFirstIsNotDisturbed() throws {
        let namespace = try Namespace()
        try namespace.inside {
            let first = try NetfilterDriver()
            try first.claim()
            let generation = try first.commit(Ruleset().batch(to: Samples.everything), expecting: nil)
            let second = try NetfilterDriver()
            let flush = Batch([.flushChain(.inet, name: "select4")])
            for attempt in [{ try second.claim() }, { _ = try second.commit(flush, expecting: nil) }] {
                do {
                    try attempt()
                    Issue.record("a table of another's was taken")
                } catch let error as DriverError {
                    #expect(error.kind == .ownedByOther, "\(error)")
                    #expect(error.message.contains("process \(getpid())"), "\(error)")
                }
            }
            #expect(try first.generation() == generation)
            #expect(first.ownsTables)
            _ = try first.commit(Batch([.addChain(.inet, name: "still", nil)]), expecting: generation)
        }
    }

    @Test func claimOfOursChangesNothing() throws {
        let namespace = try Namespace()
        try namespace.inside {
            let driver = try NetfilterDriver()
            try driver.claim()
            let generation = try driver.commit(Ruleset().batch(to: Samples.translating), expecting: nil)
            try driver.claim()
            #expect(try driver.generation() == generation)
            #expect(try driver.dump(recognising: Samples.translating).ruleset == Samples.translating)
        }
    }

    @Test func otherProgramsCannotChangeOurTables() throws {
        let namespace = try Namespace()
        try namespace.inside {
            let driver = try NetfilterDriver()
            _ = try driver.commit(Ruleset().batch(to: Samples.everything), expecting: nil)
            let before = try driver.generation()
            for command in ["add chain inet zvnft x", "delete table inet zvnft", "flush chain inet zvnft select4"] {
                let (output, status) = try Shell.attempt("nft \(command)")
                #expect(status != 0 && output.contains("Operation not permitted"), "\(command): \(output)")
            }
            try Shell.run("nft add table ip foreign; nft flush ruleset")
            let dumped = try driver.dump(recognising: Samples.everything)
            #expect(dumped.ruleset == Samples.everything)
            #expect(dumped.generation > before)
        }
    }

    @Test func tablesOutliveTheirOwnerAndAreTakenOver() throws {
        let namespace = try Namespace()
        try namespace.inside {
            try { _ = try NetfilterDriver().commit(Ruleset().batch(to: Samples.everything), expecting: nil) }()
            let heir = try NetfilterDriver()
            try heir.claim()
            #expect(heir.ownsTables)
            let dumped = try heir.dump(recognising: Samples.everything)
            #expect(dumped.ruleset.batch(to: Samples.everything).isEmpty)
            #expect(try Shell.attempt("nft delete table netdev zvnft").status != 0)
            _ = try heir.commit(Samples.everything.batch(to: Samples.direct), expecting: dumped.generation)
        }
    }

    /// As on a kernel without the flags: a table that another program has made stays as it is, and we say so.
    @Test func plainTableIsUsedAsItIs() throws {
        let namespace = try Namespace()
        try namespace.inside {
            try Shell.load(Samples.translating.text())
            let driver = try NetfilterDriver()
            try driver.claim()
            #expect(!driver.ownsTables)
            let dumped = try driver.dump(recognising: Samples.everything)
            _ = try driver.commit(dumped.ruleset.batch(to: Samples.everything), expecting: dumped.generation)
            #expect(try driver.dump(recognising: Samples.everything).ruleset == Samples.everything)
            _ = try driver.commit(Batch([.deleteTable(.inet), .addTable(.inet)]), expecting: nil)
            #expect(driver.ownsTables)
        }
    }

    @Test func withoutCapabilityTheErrorSaysSo() throws {
        let namespace = try Namespace()
        try namespace.inside {
            let driver = try NetfilterDriver()
            // Of this thread only; it ends with the test.
            #expect(clinux_keep_capabilities(0) == 0)
            do {
                try driver.claim()
                Issue.record("a claim without CAP_NET_ADMIN was taken")
            } catch let error as DriverError {
                #expect(error.kind == .notPermitted, "\(error)")
            }
        }
    }
}
