import FarmModel
import Glibc
import HealthPolicy
import NetTypes
import Testing
import Threads

@testable import HealthProbing

/// A UDP server on a loopback port of its own.
final class DatagramServer: Sendable {
    let endpoint: Endpoint
    private let descriptor: Int32

    /// - Parameter answers: the datagrams that come back for one; none is silence.
    init(family: AddressFamily = .ipv4, answers: @escaping @Sendable ([UInt8]) -> [[UInt8]]) throws {
        let address = family == .ipv4 ? IPAddress(v4: 0x7F00_0001) : IPAddress(v6: 0, 1)
        let descriptor = socket(family == .ipv4 ? AF_INET : AF_INET6, Int32(SOCK_DGRAM.rawValue), 0)
        self.descriptor = descriptor
        guard SocketAddress(Endpoint(address: address, port: 0)).withPointer({ bind(descriptor, $0, $1) }) == 0 else {
            throw ProbingFault(operation: "bind", errno: errno)
        }
        var (name, length) = (sockaddr_in6(), socklen_t(MemoryLayout<sockaddr_in6>.size))
        withUnsafeMutablePointer(to: &name) {
            _ = $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(descriptor, $0, &length) }
        }
        endpoint = Endpoint(address: address, port: UInt16(bigEndian: name.sin6_port))
        try DedicatedThread(named: "test-udp") { Self.serve(descriptor, answers) }.detach()
    }

    private static func serve(_ descriptor: Int32, _ answers: ([UInt8]) -> [[UInt8]]) {
        var buffer = [UInt8](repeating: 0, count: 2048)
        while true {
            var (peer, length) = (sockaddr_in6(), socklen_t(MemoryLayout<sockaddr_in6>.size))
            let isOpen = withUnsafeMutablePointer(to: &peer) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { peer in
                    let count = recvfrom(descriptor, &buffer, buffer.count, 0, peer, &length)
                    // A shut socket reads as empty for ever; its address is then not filled in.
                    guard count >= 0, length > 0 else { return false }
                    for answer in answers(Array(buffer.prefix(count))) { sendto(descriptor, answer, answer.count, 0, peer, length) }
                    return true
                }
            }
            guard isOpen else { return }
        }
    }

    func stop() {
        shutdown(descriptor, Int32(SHUT_RDWR))
        close(descriptor)
    }
}

@Suite(.timeLimit(.minutes(1))) struct DatagramTests {
    private func reason(
        _ check: SendExpect, family: AddressFamily = .ipv4, _ answers: @escaping @Sendable ([UInt8]) -> [[UInt8]]
    ) async throws -> (Verdict?, String?) {
        let server = try DatagramServer(family: family, answers: answers)
        defer { server.stop() }
        let watched = try WatchedLoop()
        watched.probe(target(server.endpoint, quick(.udp(check), timeout: 200, fall: 1)))
        let report = await watched.next()
        return (report?.verdict, report?.reason)
    }

    @Test(arguments: AddressFamily.allCases) func expectedAnswerIsUp(_ family: AddressFamily) async throws {
        let check = SendExpect(send: [0, 255, 10], expect: [10, 255])
        #expect(try await reason(check, family: family) { $0 == [0, 255, 10] ? [[1, 10, 255, 0]] : [] } == (.up, "answered as expected"))
    }

    @Test func rightAnswerAmongWrongOnesIsUp() async throws {
        let answers = [[], [1], Array("no".utf8), Array("yes".utf8)] as [[UInt8]]
        #expect(try await reason(SendExpect(send: [1], expect: Array("yes".utf8))) { _ in answers } == (.up, "answered as expected"))
    }

    @Test func wrongAnswersAndSilenceAreDown() async throws {
        let check = SendExpect(send: [1], expect: Array("yes".utf8))
        #expect(try await reason(check) { _ in [[1]] } == (.down, "no answer with the expected bytes within 200 ms"))
        #expect(try await reason(check) { _ in [] } == (.down, "no answer within 200 ms"))
        #expect(
            try await reason(check) { _ in [[UInt8]](repeating: [1], count: 100) } == (.down, "64 answers without the expected bytes"))
    }

    /// More than one wake-up should take; that they end before the deadline tells that they are counted.
    @Test func emptyDatagramsAreBounded() async throws {
        let empty = [[UInt8]](repeating: [], count: 100)
        #expect(try await reason(SendExpect(send: [1], expect: [2])) { _ in empty } == (.down, "64 empty datagrams"))
        #expect(try await reason(SendExpect(send: [1])) { _ in empty } == (.down, "64 empty datagrams"))
    }

    @Test func withoutExpectationSilenceIsUp() async throws {
        #expect(try await reason(SendExpect()) { _ in [] } == (.up, "no ICMP error"))
        #expect(try await reason(SendExpect(send: [1])) { _ in [[2]] } == (.up, "answered"))
    }

    @Test(arguments: AddressFamily.allCases) func closedPortIsDownLongBeforeTheDeadline(_ family: AddressFamily) async throws {
        // tcpmux, which nobody serves over udp; a port that was free just now may be another test's.
        let closed = Endpoint(address: family == .ipv4 ? IPAddress(v4: 0x7F00_0001) : IPAddress(v6: 0, 1), port: 1)
        let watched = try WatchedLoop()
        watched.probe(
            target(closed, HealthCheck(kind: .udp(SendExpect()), interval: .seconds(30), timeout: .seconds(20), fall: 1)))
        let report = await watched.next()
        #expect(report?.verdict == .down && report?.reason == "port unreachable")
    }

    /// Whether this process may ping at all.
    private static var mayPing: Bool {
        let descriptor = PingSocket.open(.ipv4, flags: 0)
        defer { close(descriptor) }
        return descriptor >= 0
    }

    @Test(.enabled(if: mayPing, "needs CAP_NET_RAW or net.ipv4.ping_group_range"), arguments: AddressFamily.allCases)
    func hostThatAnswersEchoesIsUp(_ family: AddressFamily) async throws {
        let address = family == .ipv4 ? IPAddress(v4: 0x7F00_0001) : IPAddress(v6: 0, 1)
        let watched = try WatchedLoop()
        watched.probe(target(Endpoint(address: address, port: 0), quick(.icmp)))
        let report = await watched.next()
        #expect(report?.verdict == .up && report?.reason == "echo reply")
    }
}
