import FoundationEssentials
import ReconcilePolicy
import Ruleset
import RulesetCompiler
import Testing

@testable import Reconciling

@Suite struct TrafficCounterTests {
    private static func farm(_ more: String = "counters: connections") -> String { FarmTexts.farm(also: more) }

    /// Every element of the set has counted so many packets.
    private func count(_ packets: UInt64, in scene: Scene, set: String = "connections4") {
        scene.kernel.change { state in
            let rows = state.kernel.ruleset[.inet]?.set(set)?.elements
            let counters = (0..<(rows?.count ?? 0)).map {
                (Array(rows?.identity($0) ?? []), RuleCounter(packets: packets, bytes: packets * 60))
            }
            state.elementCounters[set] = Dictionary(uniqueKeysWithValues: counters)
        }
    }

    private func value(_ name: String, _ page: String) throws -> Int {
        let line = try #require(page.split(separator: "\n").first { $0.hasPrefix(name + " ") }, "\(name)")
        return try #require(line.split(separator: " ").last.flatMap { Int($0) })
    }

    private let connections = "zvnft_farm_connections_total{farm=\"web\"}"

    @Test func aFarmThatAsksForNothingIsNotCounted() async throws {
        let scene = try Scene(FarmTexts.farm())
        try await scene.run { reconciler in
            try await scene.settled()
            #expect(!scene.kernel.ruleset.tables.contains { $0.sets.contains { $0.type.isCounted } })
            #expect(await !reconciler.metrics().contains("zvnft_farm_connections_total"))
            #expect(try await reconciler.farm("web").traffic == nil)
        }
    }

    @Test func verdictsTouchNoCounterAndSumsGoOnOverARestart() async throws {
        let scene = try Scene(Self.farm())
        try await scene.run { reconciler in
            try await scene.settled()
            count(10, in: scene)
            let before = try value(connections, await reconciler.metrics())
            #expect(before % 10 == 0 && before > 0)
            let elements = scene.kernel.ruleset[.inet]?.set("connections4")?.elements
            scene.prober.report(.down, of: "10.0.0.1:8080")
            try await until("the flip is committed") { await reconciler.counters.verdictToKernel.count >= 1 }
            #expect(scene.kernel.ruleset[.inet]?.set("connections4")?.elements == elements)
            await reconciler.saveCounters()
        }
        let next = try scene.restarted()
        try await next.run { reconciler in
            try await next.settled()
            let backends = try await reconciler.farm("web").backends.count
            #expect(try value(connections, await reconciler.metrics()) == 10 * backends, "nothing counts twice")
            count(12, in: next)
            await reconciler.saveCounters()
            #expect(try value(connections, await reconciler.metrics()) == 12 * backends)
        }
    }

    @Test func whatElementsHaveCountedIsReadBeforeTheyGo() async throws {
        let scene = try Scene(Self.farm())
        try await scene.run { reconciler in
            try await scene.settled()
            let backends = try await reconciler.farm("web").backends.count
            count(7, in: scene)
            scene.texts.replace(Self.farm("counters: none"))
            _ = await reconciler.apply(author: "files")
            scene.texts.replace(Self.farm())
            _ = await reconciler.apply(author: "files")
            // The new elements have counted more than the old ones.
            count(8, in: scene)
            await reconciler.saveCounters()
            #expect(try value(connections, await reconciler.metrics()) == 15 * backends)
        }
    }

    @Test func policiesOfFarmsThatShareTheirRulesAreCountedApart() async throws {
        let policies = "counters: connections\npolicies: [{ name: bad, action: drop, sources: [198.51.100.0/24] }]"
        let scene = try Scene(Self.farm(policies), FarmTexts.farm("other", at: "203.0.113.11:80", also: policies))
        try await scene.run { reconciler in
            try await scene.settled()
            let sets = scene.kernel.ruleset[.inet]?.sets.filter { $0.name.hasPrefix("hits4") } ?? []
            try #require(sets.count == 1 && sets[0].count == 2)
            let rows = sets[0].elements
            let counters = (0..<2).map { (Array(rows.identity($0)), RuleCounter(packets: UInt64($0 + 3), bytes: 0)) }
            scene.kernel.change { $0.elementCounters[sets[0].name] = Dictionary(uniqueKeysWithValues: counters) }
            let page = await reconciler.metrics()
            #expect(try value("zvnft_policy_packets_total{farm=\"web\",policy=\"bad\",action=\"drop\"}", page) == 3)
            #expect(try value("zvnft_policy_packets_total{farm=\"other\",policy=\"bad\",action=\"drop\"}", page) == 4)
            #expect(try await reconciler.farm("other").policies == [.init(name: "bad", action: "drop", hits: .init(packets: 4, bytes: 0))])
        }
    }

    @Test func trafficHasTwoDirections() async throws {
        let scene = try Scene(Self.farm("counters: traffic"))
        try await scene.run { reconciler in
            try await scene.settled()
            for (set, packets) in [("connections4", 1), ("requests4", 5), ("tracked-replies4", 4)] as [(String, UInt64)] {
                count(packets, in: scene, set: set)
            }
            let backend = try #require(try await reconciler.farm("web").backends.first?.traffic)
            #expect(backend.connections == 1)
            #expect(backend.requests == .init(packets: 5, bytes: 300))
            #expect(backend.replies == .init(packets: 4, bytes: 240))
        }
    }
}

@Suite struct TrafficTotalsTests {
    private let element = CountedElement(
        table: .inet, set: "connections4", identity: [1, 2], counted: .connections, listener: "203.0.113.10:80/tcp", subject: "b1")
    private let type = SetType(key: [.port], isCounted: true)

    private func take(_ packets: UInt64, _ totals: inout TrafficTotals) {
        totals.take([.init(.inet, "connections4"): [[1, 2]: RuleCounter(packets: packets, bytes: 0)]], ["web": [element]])
    }

    @Test func anElementThatBeganAnewAddsAllThatItHasCounted() {
        var totals = TrafficTotals()
        for (packets, sum) in [(7, 7), (7, 7), (9, 9), (4, 13), (5, 14)] as [(UInt64, UInt64)] {
            take(packets, &totals)
            #expect(totals.farms["web"]?.total.connections == sum)
        }
    }

    @Test func anElementThatABatchRemovesIsNotComparedWithItsSuccessor() {
        var totals = TrafficTotals()
        take(7, &totals)
        let rows = ElementTable(type.layout, unsortedRows: [1, 2])
        let batch = Batch([.deleteElements(.inet, set: "connections4", type, rows), .addElements(.inet, set: "connections4", type, rows)])
        #expect(TrafficTotals.isLosing(batch, of: Ruleset()))
        totals.settle(batch)
        take(8, &totals)
        #expect(totals.farms["web"]?.backends["b1"]?.connections == 15)
    }

    @Test func aBackendThatIsGoneStaysInTheSumOfItsFarm() {
        var totals = TrafficTotals()
        take(7, &totals)
        totals.keep { $0 == "web" ? CountedNames(listeners: ["203.0.113.10:80/tcp"], backends: []) : nil }
        #expect(totals.farms["web"]?.backends == [:])
        #expect(totals.farms["web"]?.total.connections == 7 && totals.farms["web"]?.listeners.values.first?.connections == 7)
        totals.keep { _ in nil }
        #expect(totals.farms.isEmpty)
    }

    @Test func whatIsStoredIsReadBackAsItWas() throws {
        var totals = TrafficTotals()
        take(0xFFFF_FFFF_FFFF, &totals)
        let stored = try JSONEncoder().encode(totals)
        #expect(try JSONDecoder().decode(TrafficTotals.self, from: stored) == totals)
        let broken = String(decoding: stored, as: UTF8.self).replacing("0102 ", with: "01g2 ")
        #expect(throws: DecodingError.self) { try JSONDecoder().decode(TrafficTotals.self, from: Data(broken.utf8)) }
    }
}
