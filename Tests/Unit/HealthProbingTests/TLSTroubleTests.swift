import FarmModel
import Glibc
import HealthPolicy
import NetTypes
import Testing

@testable import HealthProbing

/// What a server may do in the place of TLS; real servers are in Tests/Netns/ProbeTransportTests.
@Suite(.timeLimit(.minutes(1))) struct TLSTroubleTests {
    struct Evil: Sendable, CustomTestStringConvertible {
        let name: String
        let reason: String
        let serve: @Sendable (Int32) -> Void
        var testDescription: String { name }
    }

    static let evils = [
        Evil(name: "plain text", reason: "TLS handshake failed: wrong version number") {
            LoopbackServer.write("HTTP/1.1 400 Bad Request\r\n\r\n", to: $0)
            sleep(1)
        },
        Evil(name: "silence", reason: "TLS handshake not complete within 200 ms") { _ in sleep(1) },
        Evil(name: "hangs up", reason: "closed within the TLS handshake") { _ in },
        Evil(name: "half a record", reason: "TLS handshake not complete within 200 ms") {
            write([0x16, 3, 3, 0x40, 0, 2, 0, 0x3F, 0xFC], to: $0)
            sleep(1)
        },
        Evil(name: "one byte now and then", reason: "TLS handshake not complete within 200 ms") { connection in
            var isOpen = write([0x16, 3, 3, 0x40, 0, 2, 0, 0x3F, 0xFC], to: connection)
            while isOpen {
                usleep(10_000)
                isOpen = write([0], to: connection)
            }
        },
        Evil(name: "endless records", reason: "TLS handshake failed: ") { connection in
            let record: [UInt8] = [0x16, 3, 3, 0x40, 0] + [UInt8](repeating: 0x5A, count: 16_384)
            var isOpen = true
            while isOpen { isOpen = write(record, to: connection) }
        },
        Evil(name: "an alert", reason: "TLS handshake failed: ") {
            write([0x15, 3, 3, 0, 2, 2, 40], to: $0)
            sleep(1)
        },
        Evil(name: "a farewell", reason: "closed within the TLS handshake") {
            write([0x15, 3, 3, 0, 2, 1, 0], to: $0)
            sleep(1)
        },
    ]

    @discardableResult private static func write(_ bytes: [UInt8], to connection: Int32) -> Bool {
        send(connection, bytes, bytes.count, Int32(MSG_NOSIGNAL)) == bytes.count
    }

    @Test(arguments: evils) func evilServerIsDownWithAReason(_ evil: Evil) async throws {
        let server = try LoopbackServer(serve: { connection in
            var buffer = [UInt8](repeating: 0, count: 4096)
            // The ClientHello is read first, or closing would reset.
            guard recv(connection, &buffer, buffer.count, 0) > 0 else { return }
            evil.serve(connection)
        })
        defer { server.stop() }
        let watched = try WatchedLoop()
        let check = HealthCheck(
            kind: .http(HTTPCheck()), interval: .milliseconds(300), timeout: .milliseconds(200), fall: 1, way: ProbeWay(tls: TLSCheck()))
        watched.probe(target(server.endpoint, check))
        let report = await watched.next()
        #expect(report?.verdict == .down && report?.reason.hasPrefix(evil.reason) == true, "\(report?.reason ?? "")")
    }

    @Test func trustThatCannotBeReadIsOurTrouble() async throws {
        let server = try LoopbackServer()
        defer { server.stop() }
        let watched = try WatchedLoop()
        let target = target(
            server.endpoint, HealthCheck(interval: .milliseconds(100), fall: 1, way: ProbeWay(tls: TLSCheck(ca: "/nonexistent"))))
        watched.probe(target)
        #expect(try await watched.waits { ($0.state(of: target)?.counts.late ?? 0) >= 2 })
        let state = watched.loop.state(of: target)
        #expect(state?.verdict == .unknown && state?.history.last?.result.reason.hasPrefix("tls.ca /nonexistent cannot be read: ") == true)
    }
}
