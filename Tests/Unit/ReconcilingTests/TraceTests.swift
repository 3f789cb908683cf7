import ControlAPI
import Testing

@testable import Reconciling

@Suite struct TraceTests {
    private func outcome(_ reconciler: Reconciler, from: String = "198.51.100.7", to: String) async throws -> TraceView.Outcome {
        try #require(try await reconciler.trace(from: from, to: to).outcomes.first)
    }

    @Test func eachEndHasItsWords() async throws {
        let scene = try Scene(
            FarmTexts.farm("nat", at: "203.0.113.10:80", backends: 1),
            FarmTexts.farm("masked", at: "203.0.113.11:80", backends: 1, mode: "snat"),
            FarmTexts.farm("sourced", at: "203.0.113.12:80", backends: 1, mode: "snat", also: "sourceAddress: 203.0.113.1"),
            FarmTexts.farm("gone", at: "203.0.113.13:80", backends: 1, also: "state: drain"),
            FarmTexts.farm("silent", at: "203.0.113.14:80", backends: 1, also: "state: drain\nnoBackend: drop"),
            FarmTexts.farm("dns", at: "203.0.113.15:53/udp", backends: 1, also: "state: drain\nhealth: { type: none }"))
        try await scene.run { reconciler in
            try await scene.settled()
            let words = [
                "203.0.113.10:80": "dnat 10.0.0.1:8080", "203.0.113.11:80/tcp": "dnat 10.0.0.1:8080, masquerade",
                "203.0.113.12:80": "dnat 10.0.0.1:8080, snat 203.0.113.1", "203.0.113.13:80": "reject with tcp reset",
                "203.0.113.14:80": "drop", "203.0.113.15:53/udp": "reject with icmp", "203.0.113.15:53": "pass",
            ]
            for (to, expected) in words { #expect(try await outcome(reconciler, to: to).result == expected, "\(to)") }
            let end = try await outcome(reconciler, to: "203.0.113.10:80")
            #expect(end.farm == "nat" && end.backend == "b1" && end.share == 1)
            #expect(try await outcome(reconciler, to: "203.0.113.99:80").farm == nil)
        }
    }

    @Test func directReturnNamesTheDevice() async throws {
        let scene = try Scene(FarmTexts.farm(backends: 1, mode: "dsr"))
        _ = scene.network.answer("10.0.0.1", "02:00:00:00:00:01")
        try await scene.run { reconciler in
            try await scene.settled()
            let end = try await outcome(reconciler, to: "203.0.113.10:80")
            #expect(end.result == "dsr 02:00:00:00:00:01 via eth1" && end.backend == "b1")
        }
    }

    @Test func sharesAddUpToOneWhereTheKernelChooses() async throws {
        let scene = try Scene(FarmTexts.farm(also: "scheduler: random"))
        try await scene.run { reconciler in
            try await scene.settled()
            let trace = try await reconciler.trace(from: "198.51.100.7:4000", to: "203.0.113.10:80")
            #expect(trace.outcomes.count == 3)
            #expect(abs(trace.outcomes.reduce(0) { $0 + $1.share } - 1) < 1e-9)
            #expect(trace.from == "198.51.100.7:4000" && trace.to == "203.0.113.10:80/tcp" && !trace.steps.isEmpty)
        }
    }

    @Test func theTraceOfAClientEndsWhereItsConnectionsDo() async throws {
        let scene = try Scene(FarmTexts.farm(also: "hash: [sourceAddress]"))
        try await scene.run { reconciler in
            try await scene.settled()
            var ends: Set<String?> = []
            for port in 4001...4020 {
                ends.insert(try await outcome(reconciler, from: "198.51.100.7:\(port)", to: "203.0.113.10:80").backend)
            }
            #expect(ends.count == 1)
        }
    }

    @Test(arguments: [
        ("198.51.100.7", "203.0.113.10"), ("198.51.100.7", "203.0.113.10:80/dccp"), ("198.51.100.7", "203.0.113.10:80/icmp"),
        ("198.51.100.7", "203.0.113.10:80/all"), ("x", "203.0.113.10:80"),
        ("2001:db8::7", "203.0.113.10:80"), ("", ""), ("198.51.100.7:99999", "203.0.113.10:80"),
    ])
    func nonsenseIsRefused(from: String, to: String) async throws {
        let scene = try Scene(FarmTexts.farm())
        try await scene.run { reconciler in
            let problem = await #expect(throws: Problem.self) { try await reconciler.trace(from: from, to: to) }
            #expect(problem?.status == 400)
        }
    }
}
