import FarmModel
import Glibc
import HealthPolicy
import NetTypes
import Synchronization
import Testing

@testable import HealthProbing
@testable import ProbeExchanges

/// What a server says over TLS beside its answers.
@Suite(.timeLimit(.minutes(1))) struct TLSReuseTests {
    private static let answer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

    private struct Unexpected: Error {}

    /// An exchange that has asked, and the server that has heard it.
    private func asked() throws -> (TLSExchange, TLSPeer) {
        let endpoint = Endpoint(address: IPAddress(v4: 0x7F00_0001), port: 443)
        let tls = TLSCheck(verify: false)
        let target = target(endpoint, HealthCheck(kind: .http(HTTPCheck()), way: ProbeWay(tls: tls)))
        var contexts = TLSContexts()
        var exchange = try TLSExchange(
            tls, inner: HTTPExchange(HealthCheck(kind: .http(HTTPCheck())), target: endpoint), target: target, contexts: &contexts)
        let server = try TLSPeer()
        var step = exchange.opened()
        for _ in 0..<5 {
            guard case .send(let bytes) = step else { throw Unexpected() }
            if server.read(bytes).hasSuffix("\r\n\r\n") { return (exchange, server) }
            step = exchange.received(server.takeOutput().span)
        }
        throw Unexpected()
    }

    private func succeeds(_ exchange: inout TLSExchange, with bytes: [UInt8]) -> Bool {
        switch exchange.received(bytes.span) {
        case .done(.success), .finish(_, .success): true
        default: false
        }
    }

    enum Excess: CaseIterable { case none, record, halfARecord }

    @Test(arguments: Excess.allCases) func recordsBehindTheAnswerEndTheConnection(_ excess: Excess) throws {
        var (exchange, server) = try asked()
        server.write(Self.answer)
        var bytes = server.takeOutput()
        if excess != .none {
            server.write("HTTP/1.1 503 Sorry\r\nContent-Length: 0\r\n\r\n")
            let record = server.takeOutput()
            bytes += excess == .record ? record : Array(record.prefix(record.count / 2))
        }
        let isSuccess = succeeds(&exchange, with: bytes)
        #expect(isSuccess)
        #expect(exchange.isReusable == (excess == .none))
    }

    @Test func betweenProbesOnlyWholeRecordsWithoutTextAreHeard() throws {
        var (exchange, server) = try asked()
        server.write(Self.answer)
        let isSuccess = succeeds(&exchange, with: server.takeOutput())
        #expect(isSuccess && exchange.isReusable)
        func stays(_ bytes: [UInt8]) -> Bool { exchange.receivedWhileIdle(bytes.span) }
        server.updateKeys()
        let staysWithAWhole = stays(server.takeOutput())
        server.updateKeys()
        let staysWithAPart = stays(Array(server.takeOutput().dropLast()))
        #expect(staysWithAWhole && !staysWithAPart)
    }

    /// Records without text that do not end would hold up the loop.
    @Test func serverThatTalksBetweenProbesLosesItsConnection() async throws {
        let connections = Mutex(0)
        let server = try LoopbackServer { connection in
            connections.withLock { $0 += 1 }
            do { try Self.chatter(connection) } catch { Issue.record("no server: \(error)") }
        }
        defer { server.stop() }
        let watched = try WatchedLoop()
        let check = HealthCheck(
            kind: .http(HTTPCheck()), interval: .milliseconds(200), timeout: .milliseconds(900), fall: 1,
            way: ProbeWay(tls: TLSCheck(verify: false)))
        watched.probe(target(server.endpoint, check))
        #expect(try await watched.waits { _ in connections.withLock { $0 } >= 3 })
        #expect(watched.loop.counts().failed == 0)
    }

    /// Answers each request, and then says 100 KB about keys.
    private static func chatter(_ connection: Int32) throws {
        let peer = try TLSPeer()
        var buffer = [UInt8](repeating: 0, count: 4096)
        func say(_ bytes: [UInt8]) -> Bool { send(connection, bytes, bytes.count, Int32(MSG_NOSIGNAL)) == bytes.count }
        while true {
            let count = recv(connection, &buffer, buffer.count, 0)
            guard count > 0 else { return }
            let isAsked = peer.read(Array(buffer.prefix(count))).hasSuffix("\r\n\r\n")
            if isAsked { peer.write(answer) }
            guard say(peer.takeOutput()), isAsked else { continue }
            usleep(50_000)
            for _ in 0..<40 {
                for _ in 0..<100 { peer.updateKeys() }
                guard say(peer.takeOutput()) else { return }
            }
        }
    }
}
