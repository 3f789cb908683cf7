import ReconcilePolicy
import Ruleset
import RulesetCompiler
import Testing

@testable import Reconciling

@Suite struct RefusalCounterTests {
    private static func farm(refusing network: String) -> String {
        FarmTexts.farm(also: "policies:\n  - { name: bad, action: drop, sources: [\(network)] }")
    }

    private func dropped(_ reason: Refusal, _ page: String) throws -> Int {
        let line = try #require(
            page.split(separator: "\n").first { $0.hasPrefix("zvnft_dropped_packets_total{reason=\"\(reason.rawValue)\"}") })
        return try #require(line.split(separator: " ").last.flatMap { Int($0) })
    }

    private func count(_ packets: UInt64, in scene: Scene) { scene.kernel.change { $0.packets = { packets } } }

    @Test func eachLimitHasItsReason() async throws {
        let scene = try Scene(
            FarmTexts.farm(
                also: """
                    policies:
                      - { name: good, action: accept, sources: [192.0.2.0/24] }
                      - { name: bad, action: drop, sources: [198.51.100.0/24] }
                      - { name: told, action: drop, sources: [198.51.101.0/24], log: 1/s }
                    limits:
                      newConnections: 10/s
                      newConnectionsPerSource: 5/s
                      connectionsPerSource: 7
                      resetsPerSource: 3/s
                      tcpStrict: true
                      banTime: 60s
                    """))
        try await scene.run { _ in
            try await scene.settled()
            let chains = scene.kernel.ruleset.tables.flatMap(\.chains)
            let found = chains.flatMap { chain in chain.rules.compactMap { Refusal(counting: $0, in: chain.name) } }
            #expect(
                Set(found) == [
                    .noBackend, .policy, .banned, .newConnections, .newConnectionsPerSource, .connectionsPerSource, .resetsPerSource,
                    .bogusFlags, .invalidReply, .strayReply,
                ])
            #expect(found.count { $0 == .policy } == 2, "what a policy accepts is not refused")
        }
    }

    @Test func sumsGoOnOverAChangeOfRulesAndARestart() async throws {
        let scene = try Scene(Self.farm(refusing: "198.51.100.0/24"))
        try await scene.run { reconciler in
            try await scene.settled()
            count(100, in: scene)
            #expect(try dropped(.policy, await reconciler.metrics()) == 100)
            count(130, in: scene)
            scene.texts.replace(Self.farm(refusing: "198.51.100.0/25"))
            _ = await reconciler.apply(author: "files")
            // The new rule has counted more than the old one ever had.
            count(150, in: scene)
            await reconciler.saveCounters()
            #expect(try dropped(.policy, await reconciler.metrics()) == 280)
        }
        let next = try scene.restarted()
        try await next.run { reconciler in
            try await next.settled()
            count(170, in: next)
            #expect(try dropped(.policy, await reconciler.metrics()) == 300)
        }
    }

    @Test func whatWasReadLastIsShownWhenTheKernelDoesNotAnswer() async throws {
        let scene = try Scene(Self.farm(refusing: "198.51.100.0/24"))
        try await scene.run { reconciler in
            try await scene.settled()
            count(100, in: scene)
            await reconciler.saveCounters()
            scene.kernel.change { $0.packets = nil }
            await reconciler.readRefusals()
            #expect(try dropped(.policy, await reconciler.metrics()) == 100)
        }
    }
}

@Suite struct RefusalTotalsTests {
    private static let rule = Rule(.counter, .verdict(.drop))
    private let ruleset = Ruleset(tables: [Table(family: .inet, chains: [Chain("no-backend-drop", rules: [rule])])])

    private func read(_ packets: UInt64) -> [TableFamily: [String: [RuleCounter?]]] {
        [.inet: ["no-backend-drop": [RuleCounter(packets: packets, bytes: 0)]]]
    }

    @Test func aRuleThatBeganAnewAddsAllThatItHasCounted() {
        var totals = RefusalTotals()
        for (packets, sum) in [(7, 7), (7, 7), (9, 9), (4, 13), (5, 14)] as [(UInt64, UInt64)] {
            totals.take(read(packets), of: ruleset)
            #expect(totals[.noBackend] == sum)
        }
    }

    @Test func aRuleThatABatchRemovesIsNotComparedWithItsSuccessor() {
        var totals = RefusalTotals()
        totals.take(read(7), of: ruleset)
        let batch = Batch([.flushChain(.inet, name: "no-backend-drop"), .addRule(.inet, chain: "no-backend-drop", Self.rule)])
        #expect(RefusalTotals.isLosing(batch, of: ruleset))
        totals.settle(batch, of: ruleset)
        totals.take(read(8), of: ruleset)
        #expect(totals[.noBackend] == 15)
    }

    @Test func aBatchOfElementsLosesNothing() {
        let batch = Batch([.addTable(.inet), .flushSet(.inet, name: "fresh4"), .flushChain(.inet, name: "prerouting")])
        #expect(!RefusalTotals.isLosing(batch, of: ruleset))
        #expect(RefusalTotals.isLosing(Batch([.deleteTable(.inet)]), of: ruleset))
    }

    @Test func aReadingThatDoesNotFitTheRulesChangesNothing() {
        var totals = RefusalTotals()
        totals.take(read(7), of: ruleset)
        totals.take([.inet: ["no-backend-drop": []]], of: ruleset)
        totals.take(read(9), of: ruleset)
        #expect(totals[.noBackend] == 9)
    }
}
