import FarmModel
import Glibc
import HealthPolicy
import NetTypes
import Synchronization
import Testing

@testable import HealthProbing

/// A loop whose transitions are awaited.
final class WatchedLoop: Sendable {
    let loop: ProbeLoop
    private let reports: AsyncStream<ProbeReport>
    private let hold = Mutex(Duration.zero)

    init(settings: ProbeSettings = ProbeSettings(), holdUpFirst pause: Duration = .zero) throws {
        let (stream, continuation) = AsyncStream<ProbeReport>.makeStream()
        let hold = Mutex(pause)
        reports = stream
        loop = try ProbeLoop(settings: settings) { batch in
            for report in batch { continuation.yield(report) }
            let pause = hold.withLock { pause in
                defer { pause = .zero }
                return pause
            }
            usleep(UInt32(pause.wholeNanoseconds / 1000))
        }
        try loop.start()
    }

    deinit { loop.stop() }

    func next() async -> ProbeReport? {
        for await report in reports { return report }
        return nil
    }

    func probe(_ targets: ProbeTarget...) {
        loop.setTargets(Dictionary(uniqueKeysWithValues: targets.map { ($0, Verdict?.none) }))
    }

    /// Polls what has no event of its own; false after 5 s.
    func waits(until holds: (ProbeLoop) -> Bool) async throws -> Bool {
        for _ in 0..<500 {
            if holds(loop) { return true }
            try await Task.sleep(for: .milliseconds(10))
        }
        return false
    }
}

func target(_ endpoint: Endpoint, _ check: HealthCheck) -> ProbeTarget {
    ProbeTarget(address: endpoint.address, port: endpoint.port, check: check)
}

func quick(_ kind: HealthCheck.Kind = .tcp, timeout: Int = 100, fall: Int = 2) -> HealthCheck {
    HealthCheck(kind: kind, interval: .milliseconds(100), timeout: .milliseconds(timeout), fall: fall)
}

@Suite(.timeLimit(.minutes(1))) struct ProbeLoopTests {
    @Test(arguments: AddressFamily.allCases) func listeningPortIsUpAtOnce(_ family: AddressFamily) async throws {
        let server = try LoopbackServer(family: family)
        defer { server.stop() }
        let watched = try WatchedLoop()
        watched.probe(target(server.endpoint, HealthCheck()))
        let report = await watched.next()
        #expect(report?.verdict == .up && report?.previous == .unknown && report?.reason == "connected")
    }

    @Test func killedServerIsDownWithinTwoChecksAndComesBack() async throws {
        let server = try LoopbackServer()
        let watched = try WatchedLoop()
        watched.probe(target(server.endpoint, quick()))
        #expect(await watched.next()?.verdict == .up)
        let killed = MonotonicInstant.now
        server.stop()
        let down = await watched.next()
        #expect(down?.verdict == .down && down?.reason == "connection refused")
        // Without a stall; how punctual the machine is under load is measured elsewhere.
        if let down, watched.loop.counts().stalled == .zero { #expect(killed.duration(to: down.at) <= .milliseconds(220)) }
        let again = try LoopbackServer(port: server.endpoint.port)
        defer { again.stop() }
        #expect(await watched.next()?.verdict == .up)
    }

    @Test func silenceIsDownWithTheReason() async throws {
        let server = try LoopbackServer(serve: {
            _ = LoopbackServer.readRequest($0)
            sleep(2)
        })
        defer { server.stop() }
        let watched = try WatchedLoop()
        watched.probe(target(server.endpoint, quick(.http(HTTPCheck()))))
        let report = await watched.next()
        #expect(report?.verdict == .down && report?.reason == "no answer to the request within 100 ms")
    }

    /// A full backlog drops SYNs: the nearest to a dead host that loopback has.
    @Test func unansweredConnectionIsDownWithTheReason() async throws {
        let server = try LoopbackServer(backlog: 0)
        defer { server.stop() }
        let fillers = (0..<4).map { _ in socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue), 0) }
        defer { for filler in fillers { close(filler) } }
        for filler in fillers { _ = SocketAddress(server.endpoint).withPointer { connect(filler, $0, $1) } }
        let watched = try WatchedLoop()
        watched.probe(target(server.endpoint, quick()))
        let report = await watched.next()
        #expect(report?.verdict == .down && report?.reason == "no answer to the connection within 100 ms")
    }

    @Test func probesComeFromTheRangeOfPortsAndAreNeverAccepted() async throws {
        let port = Mutex(UInt16(0))
        let server = try LoopbackServer(serve: { connection in
            var (address, length) = (sockaddr_in(), socklen_t(MemoryLayout<sockaddr_in>.size))
            withUnsafeMutablePointer(to: &address) {
                _ = $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { getpeername(connection, $0, &length) }
            }
            let peer = UInt16(bigEndian: address.sin_port)
            port.withLock { $0 = peer }
            _ = LoopbackServer.readRequest(connection)
            LoopbackServer.write("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", to: connection)
        })
        defer { server.stop() }
        let watched = try WatchedLoop(settings: ProbeSettings(sourcePorts: 61_500...61_600))
        watched.probe(target(server.endpoint, quick()))
        #expect(await watched.next()?.verdict == .up)
        #expect(port.withLock { $0 } == 0)
        watched.probe(target(server.endpoint, quick(.http(HTTPCheck()))))
        #expect(await watched.next()?.verdict == .up)
        #expect((61_500...61_600).contains(port.withLock { $0 }))
    }

    @Test func targetsThatStayKeepTheirStateAndOthersGo() async throws {
        let server = try LoopbackServer()
        defer { server.stop() }
        let watched = try WatchedLoop()
        let (first, second) = (target(server.endpoint, quick()), target(server.endpoint, HealthCheck()))
        watched.probe(first)
        #expect(await watched.next()?.target == first)
        watched.probe(first, second)
        #expect(await watched.next()?.target == second)
        let before = watched.loop.snapshot()[first]
        watched.probe(first)
        let after = watched.loop.snapshot()
        #expect(after.count == 1 && after[first]?.since == before?.since)
        #expect((after[first]?.counts.successes ?? 0) >= (before?.counts.successes ?? 1))
    }

    @Test func lastKnownVerdictHoldsUntilProbesDisagree() async throws {
        let server = try LoopbackServer()
        server.stop()
        let watched = try WatchedLoop()
        let known = target(server.endpoint, quick())
        watched.loop.setTargets([known: .up])
        #expect(watched.loop.snapshot()[known]?.verdict == .up)
        let report = await watched.next()
        #expect(report?.previous == .up && report?.verdict == .down)
    }

    @Test func targetWithoutACheckIsUpAndNotProbed() async throws {
        let watched = try WatchedLoop()
        watched.probe(target(Endpoint(address: IPAddress(v4: 0x7F00_0001), port: 1), HealthCheck(kind: .none)))
        #expect(await watched.next()?.verdict == .up)
        #expect(watched.loop.counts().started == 0)
    }

    @Test func runEndsWithItsTask() async throws {
        let loop = try ProbeLoop { _ in }
        let task = Task { try await loop.run() }
        task.cancel()
        try await task.value
    }
}
