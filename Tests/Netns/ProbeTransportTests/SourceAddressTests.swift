import FarmModel
import HealthPolicy
import TestNamespaces
import Testing

/// Sockets go from probe to probe, bound to the address that the kernel chose when they were made. It may choose another one later.
@Suite(.timeLimit(.minutes(1))) struct SourceAddressTests {
    @Test func probesFollowTheAddressThatRoutesChoose() async throws {
        let wire = try Wire()
        try wire.serve(
            "dnsmasq --keep-in-foreground --conf-file=/dev/null --user=root --pid-file= --no-resolv --no-hosts --port=5353", port: 5353)
        let probing = try wire.loop()
        let target = try wire.target(quick(.tcp, timeout: 150), port: 5353)
        #expect(try await probing.judge(target) == "up: connected")
        func state() throws -> HealthState { try #require(try probing.loop.state(of: target)) }
        func succeedsAgain() async throws -> Bool {
            let before = try state().counts.successes
            return try await probing.waits { ($0.state(of: target)?.counts.successes ?? 0) >= before + 3 }
        }
        #expect(try await succeedsAgain())

        _ = try wire.atProber("ip route change 10.9.0.0/24 dev p0 src 10.9.0.3")
        _ = try wire.atServer(
            "nft add table ip t; nft add chain ip t c '{ type filter hook input priority 0; }'; nft add rule ip t c ip saddr 10.9.0.1 drop")
        #expect(try await succeedsAgain())
        let reasons = try state().history.records.map(\.result.reason)
        #expect(reasons.contains("this host's address towards it has changed"), "\(reasons)")

        _ = try wire.atServer("nft delete table ip t")
        _ = try wire.atProber("ip route change 10.9.0.0/24 dev p0 src 10.9.0.1; ip address delete 10.9.0.3/24 dev p0")
        #expect(try await succeedsAgain())
        // Renumbered: an address that no socket was bound to before.
        _ = try wire.atProber("ip address delete 10.9.0.1/24 dev p0; ip address add 10.9.0.5/24 dev p0")
        #expect(try await succeedsAgain())
        let (counts, history) = (try state().counts, try state().history.records.map(\.result.reason))
        #expect(counts.failures == 0 && counts.late <= 1, "\(counts), \(history)")
    }
}
