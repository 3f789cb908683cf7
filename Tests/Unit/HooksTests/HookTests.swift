import ControlAPI
import Glibc
import Logging
import Synchronization
import Testing
import Threads

@testable import Hooks

@Suite struct HookTests {
    private static let event = EventView(
        at: "2026-01-02T03:04:05.678Z", kind: .verdict, farm: "web", backend: "web1", message: "down: connection refused", state: "down")
    private let log = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    private func settings(_ change: (inout HookSettings) -> Void) -> HookSettings {
        var settings = HookSettings()
        change(&settings)
        return settings
    }

    private func until(_ what: String, _ isSo: () -> Bool) async throws {
        for _ in 0..<2_000 {
            if isSo() { return }
            try await Task.sleep(for: .milliseconds(5))
        }
        Issue.record("waited in vain until \(what)")
    }

    @Test func aProgramGetsTheEventInItsEnvironmentAndAsJSON() async throws {
        let file = "/tmp/zvnft-hook-\(getpid())"
        defer { unlink(file) }
        var exec = HookSettings.Exec(command: ["/bin/sh", "-c", "{ echo \"$ZVNFT_FARM/$ZVNFT_BACKEND $ZVNFT_STATE\"; cat; } > \(file)"])
        exec.timeout = .seconds(20)
        let runner = try HookRunner(settings { $0.exec = exec }, log: log)
        runner.post(Self.event)
        try await until("it has run") { runner.efforts[0].done == 1 }
        let text = try String(contentsOf: file)
        #expect(text.hasPrefix("web/web1 down\n") && text.contains("\"message\":\"down: connection refused\""), "\(text)")
        runner.stop()
    }

    @Test func aProgramThatHangsIsKilledWithItsChildrenAndHoldsUpNobody() async throws {
        var exec = HookSettings.Exec(command: ["/bin/sh", "-c", "sleep 1234.5 & sleep 1234.5"])
        (exec.timeout, exec.parallel) = (.milliseconds(300), 1)
        let runner = try HookRunner(
            settings {
                $0.exec = exec
                $0.queue = 2
            }, log: log)
        let start = ContinuousClock.now
        for _ in 0..<500 { runner.post(Self.event) }
        #expect(ContinuousClock.now - start < .milliseconds(200), "handing over waits for nobody")
        try await until("all have ended or were dropped") { runner.efforts[0].failed + runner.efforts[0].dropped == 500 }
        #expect(runner.efforts[0].dropped >= 490 && runner.efforts[0].done == 0)
        runner.stop()
        #expect(Self.count(ofProcesses: "sleep 1234.5") == 0)
    }

    @Test func aProgramRunsAsItsUser() async throws {
        guard geteuid() == 0 else { return }
        var exec = HookSettings.Exec(command: ["/bin/sh", "-c", "test $(id -u) = 65534 && test $(id -g) = 65534"])
        exec.user = .init(uid: 65534, gid: 65534)
        let runner = try HookRunner(settings { $0.exec = exec }, log: log)
        runner.post(Self.event)
        try await until("it has ended") { runner.efforts[0].done + runner.efforts[0].failed == 1 }
        #expect(runner.efforts[0].done == 1)
        runner.stop()
    }

    @Test func otherEventsAreNotTold() throws {
        let runner = try HookRunner(settings { $0.exec = .init(command: ["/bin/false"]) }, log: log)
        runner.post(EventView(at: "", kind: .change, farm: nil, backend: nil, message: ""))
        runner.stop()
        #expect(runner.efforts[0].failed == 0 && runner.efforts[0].dropped == 0)
    }

    @Test(arguments: [
        ([200], 1, 0, 0), ([503, 204], 1, 0, 1), ([503, 503], 0, 1, 1), ([404, 200], 0, 1, 0),
    ]) func aPostIsTriedAgainWhereItMayHelp(statuses: [Int], done: Int, failed: Int, retried: Int) async throws {
        let server = try AnsweringServer(statuses)
        var post = try #require(HookSettings.Post(url: "http://127.0.0.1:\(server.port)/events?x=1"))
        post.attempts = 2
        let chosen = post
        let runner = try HookRunner(settings { $0.post = chosen }, log: log)
        runner.post(Self.event)
        try await until("it has ended") { runner.efforts[0].done + runner.efforts[0].failed == 1 }
        #expect(runner.efforts[0] == .init(hook: "post", done: done, failed: failed, retried: retried, dropped: 0))
        let request = try #require(server.requests.withLock { $0.first })
        #expect(
            request.hasPrefix("POST /events?x=1 HTTP/1.1\r\nHost: 127.0.0.1:\(server.port)\r\n") && request.contains("\"kind\":\"verdict\"")
        )
        runner.stop()
    }

    @Test func urlsAreRead() {
        let one = HookSettings.Post(url: "http://[::1]:8080/x")
        #expect(one?.host == "::1" && one?.port == 8080 && one?.path == "/x")
        let two = HookSettings.Post(url: "http://alerts.example")
        #expect(two?.host == "alerts.example" && two?.port == 80 && two?.path == "/")
        for bad in ["https://x/", "http://", "http://x:0/", "http://x:99999/", "http://u@x/", "http://x/a b", "x"] {
            #expect(HookSettings.Post(url: bad) == nil, "\(bad)")
        }
    }

    private static func count(ofProcesses words: String) -> Int {
        guard let directory = opendir("/proc") else { return -1 }
        defer { closedir(directory) }
        var count = 0
        while let entry = readdir(directory) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
            guard Int(name) != nil, let line = try? String(contentsOf: "/proc/\(name)/cmdline") else { continue }
            if line.split(separator: "\0").joined(separator: " ") == words { count += 1 }
        }
        return count
    }
}

private struct POSIXFault: Error { let errno: Int32 }

extension String {
    fileprivate init(contentsOf path: String) throws {
        let descriptor = open(path, O_RDONLY)
        // A process may have ended since it was listed.
        guard descriptor >= 0 else { throw POSIXFault(errno: errno) }
        defer { close(descriptor) }
        var octets = [UInt8](repeating: 0, count: 65_536)
        let count = read(descriptor, &octets, octets.count)
        self.init(decoding: octets[..<Swift.max(0, count)], as: UTF8.self)
    }
}

/// Answers each connection with the next status, on a thread of its own, and ends with the last.
private final class AnsweringServer: Sendable {
    let port: UInt16
    let requests = Mutex<[String]>([])

    init(_ statuses: [Int]) throws {
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_in()
        (address.sin_family, address.sin_addr.s_addr) = (sa_family_t(AF_INET), UInt32(0x7F00_0001).bigEndian)
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isBound = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(listener, $0, length) == 0 && listen(listener, 8) == 0 && getsockname(listener, $0, &length) == 0
            }
        }
        try #require(isBound)
        port = UInt16(bigEndian: address.sin_port)
        try DedicatedThread(named: "answers") { [self] in
            for status in statuses { answer(accept(listener, nil, nil), status) }
            close(listener)
        }.detach()
    }

    private func answer(_ connection: Int32, _ status: Int) {
        var (text, octets) = ("", [UInt8](repeating: 0, count: 65_536))
        while !text.hasSuffix("}"), case let count = recv(connection, &octets, octets.count, 0), count > 0 {
            text += String(decoding: octets[..<count], as: UTF8.self)
        }
        requests.withLock { $0.append(text) }
        let reply = Array("HTTP/1.1 \(status) X\r\nContent-Length: 0\r\n\r\n".utf8)
        _ = send(connection, reply, reply.count, Int32(MSG_NOSIGNAL))
        close(connection)
    }
}
