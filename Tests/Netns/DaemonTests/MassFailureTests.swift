import Glibc
import Testing

extension RealTraffic {
    /// Ten farms of a thousand backends, all of them addresses of the balancer itself, go silent and come back together.
    @Suite struct MassFailure {
        private static let farmCount = 10, backendCount = 1_000

        private static var files: String {
            (0..<farmCount).map { farm in
                let backends = (0..<backendCount).map { number in
                    "  - { address: 10.50.\(farm * 4 + number / 250).\(number % 250 + 1), port: 7000 }"
                }
                return """
                    farm: farm\(farm)
                    listen: ["203.0.113.10:\(2000 + farm)"]
                    mode: dnat
                    tableSize: 1021
                    health: { type: tcp, port: 7000, interval: 1s, timeout: 500ms, rise: 1, fall: 2 }
                    backends:
                    \(backends.joined(separator: "\n"))
                    """
            }.joined(separator: "\n---\n")
        }

        @Test func tenThousandFallSilentAndComeBackAtOnce() throws {
            let balancer = try Balancer(notStartedWith: ["farms": Self.files])
            try balancer.lab.at("balancer", "ip route add local 10.50.0.0/16 dev lo")
            defer { _ = try? balancer.lab.at("balancer", "ip route del local 10.50.0.0/16 dev lo") }
            let server = try balancer.lab.serve("all", at: "balancer", port: 7000)
            try balancer.start()
            try balancer.awaitAllUp(within: .seconds(60))
            let before = try Figures(balancer)

            // Three fifths: the threshold holds in each farm.
            try Self.silence(balancer, "ip daddr & 0.0.0.255 < 151")
            try eventually("all that fell silent are down", within: .seconds(60)) { try balancer.statusOrNil()?.backends.down == 6_000 }
            let slowest = try Self.slowestAnswer(balancer, for: 3)
            #expect(try balancer.status().panics.count == Self.farmCount)
            let used = try balancer.ask("farm", "list", as: FarmList.self).farms.map(\.backends.used)
            #expect(used.allSatisfy { $0 > 900 }, "the panic threshold holds: \(used)")

            try balancer.lab.at("balancer", "nft delete table inet silent")
            try balancer.awaitAllUp(within: .seconds(60))

            try Self.silence(balancer, "ip daddr 10.50.0.0/16")
            try eventually("all are down", within: .seconds(60)) { try balancer.statusOrNil()?.backends.down == 10_000 }
            #expect(try balancer.status().panics.isEmpty)
            try eventually("that all went at once is suspicious") { try !balancer.status().suspicions.isEmpty }
            try balancer.lab.at("balancer", "nft delete table inet silent")
            let back = try Self.slowestAnswer(balancer, for: 3)
            try balancer.awaitAllUp(within: .seconds(60))
            let after = try Figures(balancer)

            let seconds = Double(after.at - before.at) / 1e9
            print(
                "\(after.commits - before.commits) commits in \(seconds) s, answers within \(max(slowest, back)) ms, "
                    + "\(before.megabytes) MB before and \(after.megabytes) MB after")
            #expect(Double(after.commits - before.commits) <= seconds * 100)
            #expect(after.megabytes <= before.megabytes * 1.5 + 20)
            #expect(max(slowest, back) <= 50)
            server.kill()
        }

        private static func silence(_ balancer: Balancer, _ match: String) throws {
            try balancer.lab.at(
                "balancer", ["nft", "-f", "-"],
                input: """
                    table inet silent
                    delete table inet silent
                    table inet silent {
                    chain input {
                    type filter hook input priority 0;
                    tcp dport 7000 \(match) drop
                    }
                    }

                    """)
        }

        /// Milliseconds that the control socket took for its slowest answer; measured again while the machine is too busy to say.
        private static func slowestAnswer(_ balancer: Balancer, for seconds: Double) throws -> Double {
            try Machine.measured(atMost: 50) {
                let end = monotonicNow() + Int64(seconds * 1e9)
                var slowest = 0.0
                while monotonicNow() < end {
                    let taken = try Program.succeed([
                        "curl", "-s", "-o", "/dev/null", "-w", "%{time_total}", "--unix-socket", balancer.socket,
                        "http://zvnft/api/v1/status",
                    ])
                    slowest = max(slowest, (Double(taken) ?? 1_000) * 1_000)
                    usleep(50_000)
                }
                return slowest
            }
        }
    }
}

private struct Figures {
    let at: Int64
    let commits: Int
    let megabytes: Double

    init(_ balancer: Balancer) throws {
        at = monotonicNow()
        let page = try Program.succeed(["curl", "-s", "--unix-socket", balancer.socket, "http://zvnft/metrics"])
        let line = try #require(page.split(separator: "\n").first { $0.hasPrefix("zvnft_commits_total ") })
        commits = try #require(line.split(separator: " ").last.flatMap { Int($0) })
        let pid = try #require(balancer.daemon?.pid)
        let resident = try #require(
            try String(contentsOfFile: "/proc/\(pid)/status").split(separator: "\n").first { $0.hasPrefix("VmRSS:") })
        megabytes = try #require(resident.split(separator: " ").dropLast().last.flatMap { Double($0) }) / 1024
    }
}
