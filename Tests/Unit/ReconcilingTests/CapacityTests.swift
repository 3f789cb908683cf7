import ControlAPI
import NetTypes
import ReconcilePolicy
import Seams
import Testing

@testable import Reconciling

@Suite struct CapacityTests {
    private static let limited = FarmTexts.farm(
        mode: "snat",
        also: """
            persistence: { key: [sourceAddress], timeout: 10m }
            limits: { newConnectionsPerSource: 5/s, banTime: 60s }
            """)

    /// What is told while the body runs.
    private func told(_ scene: Scene, _ reconciler: Reconciler, _ body: () async throws -> Void) async throws -> [String] {
        var events = try await reconciler.events(farm: nil).makeAsyncIterator()
        try await body()
        reconciler.events.post(.config, "the end")
        var told: [String] = []
        while let event = await events.next(), event.kind != .config { if event.kind == .capacity { told.append(event.message) } }
        return told
    }

    @Test func everySetThatPacketsAddToHasItsFillAndItsAlarm() async throws {
        let scene = try Scene(Self.limited)
        try await scene.run { reconciler in
            try await scene.settled()
            let dynamic = scene.kernel.ruleset.tables.flatMap { table in table.sets.filter { $0.type.dynamic != nil } }
            #expect(dynamic.count >= 3)
            let told = try await told(scene, reconciler) {
                await reconciler.checkCapacity()
                for set in dynamic {
                    let size = Int(set.type.dynamic?.size ?? 0)
                    scene.kernel.change { $0.fills[set.name] = (size * 8 + 9) / 10 }
                }
                await reconciler.checkCapacity()
                await reconciler.checkCapacity()
            }
            #expect(told.count == dynamic.count, "each once: \(told)")
            for set in dynamic { #expect(told.contains { $0.hasPrefix("set \(set.name) is nearly full") }) }
            #expect(told.contains { $0.contains("balanced by the scheduler alone") })
            #expect(told.contains { $0.contains("not remembered") })
            let page = await reconciler.metrics()
            for set in dynamic {
                let labels = "{table=\"inet\",set=\"\(set.name)\"}"
                #expect(page.contains("zvnft_set_elements_limit\(labels) \(set.type.dynamic?.size ?? 0)\n"))
                #expect(page.contains("zvnft_set_elements\(labels) "))
            }
        }
    }

    @Test func aFullConntrackTableIsToldBeforeAndAfter() async throws {
        let scene = try Scene(FarmTexts.farm())
        try await scene.run { reconciler in
            try await scene.settled()
            var statistics = ConntrackStatistics()
            let told = try await told(scene, reconciler) {
                (statistics.entries, statistics.limit, statistics.drops) = (799, 1000, 5)
                scene.gauge.say(statistics)
                await reconciler.checkCapacity()
                statistics.entries = 800
                scene.gauge.say(statistics)
                await reconciler.checkCapacity()
                (statistics.entries, statistics.drops, statistics.insertFailures) = (1000, 12, 3)
                scene.gauge.say(statistics)
                await reconciler.checkCapacity()
            }
            try #require(told.count == 3, "\(told)")
            #expect(told[0].hasPrefix("connection tracking is nearly full: 800 of 1000"))
            #expect(told[1].contains("7 packets dropped") && told[2].contains("3 connections refused"))
            let page = await reconciler.metrics()
            #expect(page.contains("\nzvnft_conntrack_entries 1000\n") && page.contains("\nzvnft_conntrack_dropped_packets_total 12\n"))
        }
    }

    @Test func sourcePortsThatRunOutAreTold() async throws {
        let scene = try Scene(FarmTexts.farm(mode: "snat"))
        try await scene.run { reconciler in
            try await scene.settled()
            let source = try #require(IPAddress("10.0.0.254"))
            func user(_ backend: String) throws -> SourcePortUser {
                SourcePortUser(source: source, backend: try #require(Endpoint(backend)), transport: .tcp)
            }
            scene.gauge.say([try user("10.0.0.1:8080"): 47_982, try user("10.0.0.2:8080"): 40_000])
            let told = try await told(scene, reconciler) { await reconciler.checkCapacity() }
            #expect(told.count == 1 && told[0].hasPrefix("10.0.0.254 towards 10.0.0.1:8080/tcp is nearly full: 47982 of 59976"))
            let page = await reconciler.metrics()
            #expect(page.contains("zvnft_snat_source_ports{farm=\"web\",backend=\"b1\"} 47982\n"))
            #expect(page.contains("zvnft_snat_source_ports{farm=\"web\",backend=\"b3\"} 0\n"))
        }
    }

    @Test func anAlarmIsRaisedOnceUntilThereWasRoom() {
        var alarms = FillAlarms()
        let rings = [79, 80, 100, 79, 80, 90].map { alarms.rings("a", count: $0, of: 100) }
        #expect(rings == [false, true, false, false, true, false])
        let other = alarms.rings("b", count: 80, of: 100)
        #expect(other)
    }
}
