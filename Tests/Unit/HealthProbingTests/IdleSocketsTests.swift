import FarmModel
import Glibc
import HealthPolicy
import NetTypes
import Testing

@testable import HealthProbing

/// Sockets that begin anew keep nothing of what they carried before.
@Suite(.timeLimit(.minutes(1))) struct IdleSocketsTests {
    private func connect(_ server: LoopbackServer, _ ports: inout SourcePorts) throws -> Int32 {
        try ProbeSocket.connect(to: SocketAddress(server.endpoint), over: .tcp, leaving: nil, from: &ports).get()
    }

    /// Whether there is something to read, or an end or an error, within 2 s.
    private func hasNews(_ descriptor: Int32) -> Bool {
        var wanted = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        return poll(&wanted, 1, 2000) == 1
    }

    @Test func oldestIsTakenFirst() throws {
        var idle = IdleSockets()
        let (pool, other) = (idle.pool(from: IPAddress(v4: 0x7F00_0001)), IdleSockets.unbound(.ipv4))
        #expect(pool != other && idle.pool(from: IPAddress(v4: 0x7F00_0001)) == pool)
        let sockets = (0..<3).map { _ in socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0) }
        for descriptor in sockets { idle.put(descriptor, pool) }
        #expect(idle.count == 3 && idle.take(other) == nil && idle.take(pool) == sockets[0])
        idle.put(sockets[0], pool)
        idle.closeOne()
        #expect(idle.count == 2 && idle.take(pool) == sockets[2] && idle.take(pool) == sockets[0] && idle.take(pool) == nil)
        close(sockets[0])
        close(sockets[2])
    }

    /// Each of the host's own addresses is its own source.
    @Test func manySourcesShareAPool() {
        var idle = IdleSockets()
        let pools = Set((0..<100).map { idle.pool(from: IPAddress(v4: 0x0A00_0000 + $0)) })
        #expect(pools.count < 70 && pools.contains(IdleSockets.unbound(.ipv4)))
        #expect(idle.source(of: idle.pool(from: IPAddress(v4: 0x0A00_0000))) == IPAddress(v4: 0x0A00_0000))
    }

    @Test(arguments: [true, false]) func answersAndErrorsGoWithTheirConnection(isReset: Bool) throws {
        let old = try LoopbackServer { connection in
            LoopbackServer.write("old", to: connection)
            if isReset { ProbeSocket.set(SOL_SOCKET, SO_LINGER, to: linger(l_onoff: 1, l_linger: 0), of: connection) } else { sleep(1) }
        }
        let new = try LoopbackServer { LoopbackServer.write("new", to: $0) }
        defer {
            old.stop()
            new.stop()
        }
        var (idle, ports) = (IdleSockets(), SourcePorts(range: 61_700...61_799))
        let socket = try connect(old, &ports)
        #expect(hasNews(socket))
        if isReset { while ProbeSocket.pendingFault(of: socket) == 0 { usleep(1000) } }
        let pool = IdleSockets.unbound(.ipv4)
        idle.put(socket, pool)
        let taken = idle.take(pool)
        let again = try #require(taken)
        #expect(try ProbeSocket.connectAgain(again, to: SocketAddress(new.endpoint)).get() == socket)
        defer { close(again) }
        #expect(hasNews(again) && ProbeSocket.pendingFault(of: again) == 0)
        var bytes = [UInt8](repeating: 0, count: 16)
        #expect(recv(again, &bytes, bytes.count, 0) == 3 && bytes.prefix(3) == ArraySlice("new".utf8))
    }

    /// What the engine takes as a sign to open another one.
    @Test func portThatTheTargetIsConnectedToIsNotAvailable() throws {
        let (first, second) = (try LoopbackServer(), try LoopbackServer())
        defer {
            first.stop()
            second.stop()
        }
        var (idle, ports) = (IdleSockets(), SourcePorts(range: 61_800...61_800))
        let kept = try connect(first, &ports)
        defer { close(kept) }
        let pool = IdleSockets.unbound(.ipv4)
        idle.put(try connect(second, &ports), pool)
        let taken = idle.take(pool)
        let worn = try #require(taken)
        #expect(ProbeSocket.connectAgain(worn, to: SocketAddress(first.endpoint)) == .failure(ConnectFault(errno: EADDRNOTAVAIL)))
    }

    @Test func failuresOfOneTargetNeverCountForAnother() async throws {
        func server(_ answer: String, isReset: Bool = false) throws -> LoopbackServer {
            try LoopbackServer { connection in
                _ = LoopbackServer.readRequest(connection)
                LoopbackServer.write(answer, to: connection)
                if isReset { ProbeSocket.set(SOL_SOCKET, SO_LINGER, to: linger(l_onoff: 1, l_linger: 0), of: connection) }
            }
        }
        let good = try server("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        let bad = [
            try server("HTTP/1.1 503 Sorry\r\nContent-Length: 0\r\n\r\nmore and more"), try server("noise", isReset: true),
            try server("", isReset: true),
        ]
        let gone = try LoopbackServer()
        gone.stop()
        defer { for server in bad + [good] { server.stop() } }
        func asked(_ server: LoopbackServer, _ number: Int) -> ProbeTarget {
            let check = HTTPCheck(path: "/\(number)")
            return target(
                server.endpoint,
                HealthCheck(
                    kind: .http(check), interval: .milliseconds(40), timeout: .milliseconds(900), fall: 1, way: ProbeWay(reuse: false)))
        }
        let fine = (0..<4).map { asked(good, $0) }
        let broken = (bad + [gone]).enumerated().map { asked($1, $0) }
        let watched = try WatchedLoop()
        watched.loop.setTargets(Dictionary(uniqueKeysWithValues: (fine + broken).map { ($0, Verdict?.none) }))
        #expect(try await watched.waits { loop in fine.allSatisfy { (loop.state(of: $0)?.counts.successes ?? 0) >= 40 } })
        let states = watched.loop.snapshot()
        for target in fine { #expect(states[target]?.counts.failures == 0, "\(states[target]?.history.last?.result.reason ?? "")") }
        for target in broken { #expect(states[target]?.counts.successes == 0 && states[target]?.verdict == .down) }
    }

    /// A program that is being started holds our sockets until it is another program: those that we close meanwhile stay in the poller.
    @Test func newsOfAClosedSocketAreNotThoseOfTheNextOneOfItsNumber() throws {
        let poller = try Poller()
        var borrowers = Borrowers()
        var first: [Int32] = [0, 0]
        var second: [Int32] = [0, 0]
        try #require(socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &first) == 0)
        try #require(socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &second) == 0)
        let held = dup(first[0])
        defer { for descriptor in first + second + [held] { close(descriptor) } }
        borrowers.add(first[0], added: 1)
        borrowers.lend(first[0], to: 7)
        #expect(poller.add(first[0], token: .lent(first[0], added: 1)) == 0 && borrowers.number(first[0], added: 1) == 7)
        borrowers.takeBack(first[0])
        #expect(dup2(second[0], first[0]) == first[0], "closed, and its number is another socket's")
        borrowers.add(first[0], added: 2)
        borrowers.lend(first[0], to: 8)
        #expect(poller.add(first[0], token: .lent(first[0], added: 2)) == 0)
        #expect(write(first[1], "x", 1) == 1)
        var ready: [Readiness] = []
        poller.wait(1_000_000_000, into: &ready)
        #expect(ready.contains { $0.token == .lent(first[0], added: 1) }, "the kernel goes on telling of it")
        #expect(borrowers.number(first[0], added: 1) == nil && borrowers.number(first[0], added: 2) == 8)
    }

    /// With three descriptors for twelve targets all are probed, and no more are held at any time.
    @Test func idleSocketsAreWithinTheBoundOfDescriptors() throws {
        var limit = rlimit()
        #expect(getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0)
        let settings = ProbeSettings(reservedDescriptors: Int(clamping: limit.rlim_cur) - 3)
        let servers = try AddressFamily.allCases.map { family in
            try LoopbackServer(family: family) { connection in
                while !LoopbackServer.readRequest(connection).isEmpty {
                    LoopbackServer.write("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", to: connection)
                }
            }
        }
        defer { for server in servers { server.stop() } }
        var targets: [ProbeTarget: Verdict?] = [:]
        for server in servers {
            for number in 1...3 {
                let (interval, timeout) = (Duration.milliseconds(50 + number), Duration.milliseconds(900))
                targets[target(server.endpoint, HealthCheck(kind: .tcp, interval: interval, timeout: timeout))] = .some(nil)
                let check = HTTPCheck(path: "/\(number)")
                targets[target(server.endpoint, HealthCheck(kind: .http(check), interval: interval, timeout: timeout))] = .some(nil)
            }
        }
        let poller = try Poller()
        var engine = ProbeEngine(settings: settings, poller: poller, now: .now)
        engine.setTargets(targets, now: .now)
        var ready: [Readiness] = []
        for _ in 0..<5000 where engine.states().contains(where: { $1.counts.successes < 5 }) {
            poller.wait(1_000_000, into: &ready)
            engine.hear(ready, now: .now)
            _ = engine.runTimers(now: .now)
            #expect(engine.counts.inFlight + engine.counts.kept + engine.idle.count <= 3)
        }
        for (target, state) in engine.states() {
            #expect(
                state.counts.successes >= 5 && state.counts.failures == 0,
                "\(target.endpoint): \(state.counts), \(state.history.records.map(\.result))")
        }
        engine.shutDown()
        #expect(engine.idle.count == 0)
    }
}
