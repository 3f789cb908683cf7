import FarmModel
import Glibc
import HealthPolicy
import NetTypes
import Testing

@testable import HealthProbing

/// What goes wrong on our side is not held against a backend; what an evil backend does is bounded.
@Suite(.timeLimit(.minutes(1))) struct ProbeTroubleTests {
    @Test func silenceDuringAStallIsLateAndNotDown() async throws {
        let silent = try LoopbackServer(serve: {
            _ = LoopbackServer.readRequest($0)
            sleep(8)
        })
        let trigger = try LoopbackServer()
        defer {
            silent.stop()
            trigger.stop()
        }
        let watched = try WatchedLoop(holdUpFirst: .seconds(3))
        let held = target(
            silent.endpoint, HealthCheck(kind: .http(HTTPCheck()), interval: .seconds(30), timeout: .seconds(5), fall: 1))
        watched.probe(held)
        #expect(try await watched.waits { $0.counts().inFlight == 1 })
        watched.probe(held, target(trigger.endpoint, HealthCheck(interval: .seconds(30))))
        #expect(await watched.next()?.target.endpoint == trigger.endpoint)
        #expect(try await watched.waits { ($0.snapshot()[held]?.counts.late ?? 0) == 1 })
        #expect(watched.loop.snapshot()[held]?.verdict == .unknown)
        #expect(watched.loop.counts().stalled >= .milliseconds(500))
    }

    @Test func noFreePortIsOurTrouble() async throws {
        let server = try LoopbackServer()
        defer { server.stop() }
        let taken = try LoopbackServer()
        defer { taken.stop() }
        let only = taken.endpoint.port
        let watched = try WatchedLoop(settings: ProbeSettings(sourcePorts: only...only))
        let starved = target(server.endpoint, quick(fall: 1))
        watched.probe(starved)
        #expect(try await watched.waits { $0.counts().ownTrouble >= 3 })
        let state = watched.loop.snapshot()[starved]
        #expect(state?.verdict == .unknown && state?.counts.failures == 0)
        #expect(state?.history.last?.result == .late("no free source port"))
    }

    /// A filter of this host refuses the call; one on the way sends ICMPv6.
    @Test(arguments: [EPERM, EACCES]) func prohibitionsAreOursOnlyWhereTheCallIsRefused(errno: Int32) {
        #expect(ConnectFault(errno: errno, transport: .udp).isOurs)
        let heard = ConnectFault(errno: errno, transport: .icmp, isHeard: true)
        #expect(!heard.isOurs && heard.words == "prohibited by a filter or a route on the way")
        #expect(ConnectFault(errno: ENOBUFS, isHeard: true).isOurs && !ConnectFault(errno: EHOSTUNREACH, isHeard: true).isOurs)
    }

    @Test func probesBeyondTheLimitWaitForTheirTurn() async throws {
        let server = try LoopbackServer(serve: {
            _ = LoopbackServer.readRequest($0)
            usleep(20_000)
            LoopbackServer.write("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", to: $0)
        })
        defer { server.stop() }
        let watched = try WatchedLoop(settings: ProbeSettings(maxInFlight: 1))
        let targets = (0..<8).map { number in
            target(
                server.endpoint,
                HealthCheck(kind: .http(HTTPCheck(path: "/\(number)")), interval: .seconds(30), timeout: .milliseconds(900)))
        }
        watched.loop.setTargets(Dictionary(uniqueKeysWithValues: targets.map { ($0, Verdict?.none) }))
        for _ in targets { #expect(await watched.next()?.verdict == .up) }
        #expect(watched.loop.counts().postponed > 0)
    }

    @Test func unreachableNetworkIsAFailure() async throws {
        let watched = try WatchedLoop()
        // TCP does not connect to multicast: nothing is sent.
        watched.probe(target(Endpoint(address: IPAddress(v4: 0xE000_0001), port: 80), quick(fall: 1)))
        let report = await watched.next()
        #expect(report?.verdict == .down && report?.reason == "network unreachable")
    }

    struct Evil: Sendable, CustomTestStringConvertible {
        let name: String
        let reason: String
        let serve: @Sendable (Int32) -> Void
        var testDescription: String { name }
    }

    static let evils = [
        Evil(name: "one byte now and then", reason: "answer not complete within 200 ms") { connection in
            for letter in "HTTP/1.1 200 OK\r\nX: yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy" {
                guard LoopbackServer.write(String(letter), to: connection) else { return }
                usleep(20_000)
            }
        },
        Evil(name: "endless headers", reason: "more than 100 headers") { connection in
            var isOpen = LoopbackServer.write("HTTP/1.1 200 OK\r\n", to: connection)
            while isOpen { isOpen = LoopbackServer.write(String(repeating: "X: y\r\n", count: 100), to: connection) }
        },
        Evil(name: "endless body without the text", reason: "expected text is not in the body") { connection in
            var isOpen = LoopbackServer.write("HTTP/1.1 200 OK\r\n\r\n", to: connection)
            while isOpen { isOpen = LoopbackServer.write(String(repeating: "z", count: 9000), to: connection) }
        },
        Evil(name: "binary", reason: "not an HTTP/1 answer") { connection in
            LoopbackServer.write("\u{16}\u{3}\u{3}\u{0}\u{2}\u{1}", to: connection)
            sleep(1)
        },
        Evil(name: "hangs up", reason: "closed without an answer") { _ in },
    ]

    @Test(arguments: evils) func evilAnswerEndsWithAReason(_ evil: Evil) async throws {
        let server = try LoopbackServer(serve: {
            _ = LoopbackServer.readRequest($0)
            evil.serve($0)
        })
        defer { server.stop() }
        let watched = try WatchedLoop()
        watched.probe(target(server.endpoint, quick(.http(HTTPCheck(expectBody: "fine")), timeout: 200, fall: 1)))
        let report = await watched.next()
        #expect(report?.verdict == .down && report?.reason == evil.reason)
    }
}
