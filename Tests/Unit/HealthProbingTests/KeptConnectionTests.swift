import FarmModel
import Glibc
import HealthPolicy
import NetTypes
import Synchronization
import Testing

@testable import HealthProbing

/// One connection carries many probes, as long as both sides like it.
@Suite(.timeLimit(.minutes(1))) struct KeptConnectionTests {
    private static let answer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

    /// Counts connections and requests; `serve` says what becomes of each request, false to hang up.
    private final class Counter: Sendable {
        private let numbers = Mutex((connections: 0, requests: 0))
        var connections: Int { numbers.withLock { $0.connections } }
        var requests: Int { numbers.withLock { $0.requests } }

        func serve(_ connection: Int32, _ answer: (_ request: String, _ number: Int) -> Bool) {
            numbers.withLock { $0.connections += 1 }
            var number = 0
            while true {
                let request = LoopbackServer.readRequest(connection)
                guard !request.isEmpty else { return }
                numbers.withLock { $0.requests += 1 }
                number += 1
                guard answer(request, number) else { return }
            }
        }
    }

    private func server(_ counter: Counter, _ answer: @escaping @Sendable (Int32, String, Int) -> Bool) throws -> LoopbackServer {
        try LoopbackServer(serve: { connection in counter.serve(connection) { answer(connection, $0, $1) } })
    }

    /// As long as what is read at a time.
    private static let longAnswer: String = {
        let head = "HTTP/1.1 200 OK\r\nContent-Length: 16000\r\nX: "
        let body = String(repeating: "b", count: 16_000)
        return head + String(repeating: "x", count: 16_384 - head.utf8.count - 4 - body.utf8.count) + "\r\n\r\n" + body
    }()

    private func check(reuse: Bool = true) -> HealthCheck {
        HealthCheck(
            kind: .http(HTTPCheck()), interval: .milliseconds(50), timeout: .milliseconds(900), fall: 1, way: ProbeWay(reuse: reuse))
    }

    @Test func connectionCarriesManyProbes() async throws {
        let counter = Counter()
        let server = try server(counter) { connection, request, _ in
            request.contains("Connection: keep-alive\r\n") && LoopbackServer.write(Self.answer, to: connection)
        }
        defer { server.stop() }
        let watched = try WatchedLoop()
        watched.probe(target(server.endpoint, check()))
        #expect(try await watched.waits { $0.counts().succeeded >= 6 })
        #expect(counter.connections == 1 && watched.loop.counts().reused >= 5 && watched.loop.counts().failed == 0)
    }

    /// What a server may do to a connection that it has answered on; none of it is a failure of the next probe.
    enum Farewell: String, CaseIterable { case atOnce, announced, withoutAnAnswer, ofVersion10, withExcess, beyondOneRead }

    @Test(arguments: Farewell.allCases) func serverThatClosesIsAskedAnewAndStaysUp(_ farewell: Farewell) async throws {
        let counter = Counter()
        let server = try server(counter) { connection, _, number in
            switch farewell {
            case .atOnce: return LoopbackServer.write(Self.answer, to: connection) && false
            case .announced:
                return LoopbackServer.write("HTTP/1.1 200 OK\r\nConnection: Close\r\nContent-Length: 0\r\n\r\n", to: connection)
            case .withoutAnAnswer: return number == 1 && LoopbackServer.write(Self.answer, to: connection)
            case .ofVersion10: return LoopbackServer.write("HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n", to: connection)
            case .beyondOneRead: return LoopbackServer.write(Self.longAnswer + "HTTP/1.1 503 Sorry\r\n\r\n", to: connection)
            case .withExcess: return LoopbackServer.write(Self.answer + "more", to: connection)
            }
        }
        defer { server.stop() }
        let watched = try WatchedLoop()
        watched.probe(target(server.endpoint, check()))
        #expect(try await watched.waits { $0.counts().succeeded >= 6 })
        #expect(watched.loop.counts().failed == 0 && counter.connections >= 6)
    }

    /// How a server ends a kept connection exactly when the next probe has begun.
    enum Impatience: CaseIterable { case end, reset, timeout, timeoutAndReset }

    @Test(arguments: Impatience.allCases) func serverThatLosesPatienceAsAProbeBeginsStaysUp(_ impatience: Impatience) async throws {
        let counter = Counter()
        let server = try server(counter) { connection, _, number in
            guard number > 1 else { return LoopbackServer.write(Self.answer, to: connection) }
            if impatience == .timeout || impatience == .timeoutAndReset {
                LoopbackServer.write("HTTP/1.1 408 Request Timeout\r\nConnection: close\r\n\r\n", to: connection)
            }
            if impatience == .reset || impatience == .timeoutAndReset {
                var now = linger(l_onoff: 1, l_linger: 0)
                setsockopt(connection, SOL_SOCKET, SO_LINGER, &now, socklen_t(MemoryLayout<linger>.size))
            }
            return false
        }
        defer { server.stop() }
        let watched = try WatchedLoop()
        watched.probe(target(server.endpoint, check()))
        #expect(try await watched.waits { $0.counts().succeeded >= 6 })
        #expect(watched.loop.counts().failed == 0 && watched.loop.counts().reused >= 4 && counter.connections >= 5)
    }

    /// Asked again once: a server that has nothing to say over a new connection either is down, at the same probe.
    @Test func serverThatSaysNothingAnyMoreIsDownThoughItIsAskedAgain() async throws {
        let counter = Counter()
        let server = try server(counter) { connection, _, number in
            counter.connections == 1 && number < 3 && LoopbackServer.write(Self.answer, to: connection)
        }
        defer { server.stop() }
        let watched = try WatchedLoop()
        // Long enough for nothing to be asked after it is down.
        let check = HealthCheck(
            kind: .http(HTTPCheck()), interval: .milliseconds(50), downInterval: .seconds(60), timeout: .milliseconds(900), fall: 1)
        watched.probe(target(server.endpoint, check))
        #expect(await watched.next()?.verdict == .up)
        let down = await watched.next()
        #expect(down?.verdict == .down && down?.reason == "closed without an answer")
        #expect(counter.requests == 4 && counter.connections == 2)
    }

    @Test func failureOverAKeptConnectionIsAFailure() async throws {
        let counter = Counter()
        let server = try server(counter) { connection, _, number in
            LoopbackServer.write(number < 3 ? Self.answer : "HTTP/1.1 503 Sorry\r\nContent-Length: 0\r\n\r\n", to: connection)
        }
        defer { server.stop() }
        let watched = try WatchedLoop()
        watched.probe(target(server.endpoint, check()))
        #expect(await watched.next()?.verdict == .up)
        let down = await watched.next()
        #expect(down?.verdict == .down && down?.reason == "status 503")
    }

    @Test func silenceOverAKeptConnectionIsDownAtTheDeadline() async throws {
        let counter = Counter()
        let server = try server(counter) { connection, _, number in
            if number < 3 { return LoopbackServer.write(Self.answer, to: connection) }
            sleep(1)
            return false
        }
        defer { server.stop() }
        let watched = try WatchedLoop()
        watched.probe(target(server.endpoint, quick(.http(HTTPCheck()), fall: 1)))
        #expect(await watched.next()?.verdict == .up)
        #expect(await watched.next()?.reason == "no answer to the request within 100 ms")
    }

    @Test func killedServerIsDownThoughItsConnectionWasKept() async throws {
        let counter = Counter()
        let isAlive = Mutex(true)
        let server = try server(counter) { connection, _, _ in
            isAlive.withLock { $0 } && LoopbackServer.write(Self.answer, to: connection)
        }
        let watched = try WatchedLoop()
        watched.probe(target(server.endpoint, check()))
        #expect(try await watched.waits { $0.counts().reused >= 2 })
        isAlive.withLock { $0 = false }
        server.stop()
        #expect(await watched.next()?.verdict == .up)
        let down = await watched.next()
        #expect(down?.verdict == .down && down?.reason == "connection refused")
    }

    @Test func withoutReuseEachProbeHasItsOwnConnection() async throws {
        let counter = Counter()
        let server = try server(counter) { connection, request, _ in
            request.contains("Connection: close\r\n") && LoopbackServer.write(Self.answer, to: connection)
        }
        defer { server.stop() }
        let watched = try WatchedLoop()
        watched.probe(target(server.endpoint, check(reuse: false)))
        #expect(try await watched.waits { $0.counts().succeeded >= 3 })
        #expect(counter.connections >= 3 && watched.loop.counts().reused == 0 && watched.loop.counts().kept == 0)
    }

    @Test func keptConnectionsAreBoundedAndGoWithTheirTarget() async throws {
        let counter = Counter()
        let server = try server(counter) { connection, _, _ in LoopbackServer.write(Self.answer, to: connection) }
        defer { server.stop() }
        let watched = try WatchedLoop(settings: ProbeSettings(maxKept: 2))
        let targets = (0..<5).map {
            target(server.endpoint, HealthCheck(kind: .http(HTTPCheck(path: "/\($0)")), interval: .milliseconds(200)))
        }
        watched.loop.setTargets(Dictionary(uniqueKeysWithValues: targets.map { ($0, Verdict?.none) }))
        #expect(try await watched.waits { $0.counts().succeeded >= 15 })
        #expect(watched.loop.counts().kept <= 2 && watched.loop.counts().reused > 0)
        watched.loop.setTargets([:])
        #expect(try await watched.waits { $0.counts().kept == 0 && $0.counts().inFlight == 0 })
    }

    /// An idle connection on which a server talks is none that an answer can be read from.
    @Test func bytesBetweenProbesEndTheConnection() async throws {
        let counter = Counter()
        let server = try server(counter) { connection, _, _ in
            guard LoopbackServer.write(Self.answer, to: connection) else { return false }
            usleep(20_000)
            return LoopbackServer.write("HTTP/1.1 408 Request Timeout\r\n\r\n", to: connection)
        }
        defer { server.stop() }
        let watched = try WatchedLoop()
        // Long enough for what the server says late on a busy machine to come between two probes all the same.
        watched.probe(target(server.endpoint, HealthCheck(kind: .http(HTTPCheck()), interval: .milliseconds(500), fall: 1)))
        #expect(try await watched.waits { $0.counts().succeeded >= 4 })
        #expect(watched.loop.counts().failed == 0 && counter.connections >= 4)
    }
}
