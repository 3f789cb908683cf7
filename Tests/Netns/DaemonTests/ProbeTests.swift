import Testing

extension RealTraffic {
    /// What the checks ask, and that they leave no trace.
    @Suite struct Probes {
        private static func farm(_ health: String) -> FarmFile { FarmFile(health: "{ interval: 100ms, rise: 1, fall: 1, \(health) }") }

        @Test(arguments: [
            "type: http, port: 80, path: /healthz",
            "type: http, port: 8080, path: /healthz, host: web.example, expectStatus: 200, expectBody: ok",
            "type: tcp, port: 9000",
        ])
        func backendThatAnswersAsExpectedIsUp(health: String) throws {
            let balancer = try Balancer(Self.farm(health))
            #expect(try balancer.status().backends.up == 6)
        }

        @Test(arguments: [
            ("type: http, port: 80, path: /healthz, expectStatus: 404", "200"),
            ("type: http, port: 80, path: /healthz, expectBody: gone", "body"),
            ("type: http, port: 9000, path: /healthz", ""), ("type: tcp, port: 7", "refused"),
        ])
        func backendThatAnswersOtherwiseIsDownAndSaysWhy(health: String, reason: String) throws {
            let balancer = try Balancer(notStartedWith: ["farm": Self.farm(health).text])
            try balancer.start()
            try eventually("all are down", lastSeen: balancer.lastWords) { try balancer.statusOrNil()?.backends.down == 6 }
            for backend in try balancer.backends() { #expect(backend.reason.contains(reason) && backend.share == 0, "\(backend)") }
            #expect(try balancer.lab.connect(to: "203.0.113.10:80", "--count 5 --rate 100").failures["refused"] == 5)
        }

        @Test(arguments: ["dnat", "snat"]) func checksAreNotTracked(mode: String) throws {
            let balancer = try Balancer(FarmFile(mode: mode))
            // Every backend is checked at least once more.
            try balancer.lab.killServers(of: "b1")
            try balancer.awaitHealth("down", of: "b1")
            let entries = try ["ipv4", "ipv6"].map { try balancer.lab.at("balancer", ["conntrack", "-L", "-f", $0]) }.joined()
            #expect(!entries.contains("dst=10.0.1.") && !entries.contains("dst=fd00:1::"), "\(entries)")
        }
    }
}
