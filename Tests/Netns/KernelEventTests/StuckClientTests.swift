import Glibc
import KernelEvents
import NetTypes
import Seams
import TestNamespaces
import Testing

/// Real connections through a real translation: what the client of a dead backend lives through.
@Suite struct StuckClientTests {
    private static let rules = """
        table ip nat {
            map backend { type ipv4_addr : ipv4_addr; elements = { 192.0.2.80 : 127.0.0.2 }; }
            chain output { type nat hook output priority -100; tcp dport 80 dnat to ip daddr map @backend; }
            chain input { type filter hook input priority 0; ip daddr 127.0.0.2 drop; }
        }

        """

    private static let change = """
        delete element ip nat backend { 192.0.2.80 }
        add element ip nat backend { 192.0.2.80 : 127.0.0.3 }

        """

    @Test func clientOfADeadBackendConnectsOnceItsEntryIsForgotten() throws {
        let namespace = try Namespace()
        try namespace.run("ip addr add 192.0.2.1/32 dev lo")
        try namespace.run("ip route add 192.0.2.80 dev lo src 192.0.2.1")
        try namespace.run("nft -f -", input: Self.rules)
        let forgetter = try namespace.inside { try ConntrackForgetter() }
        let (listener, stuck) = try namespace.inside { (try Self.listen(on: "127.0.0.3"), try Self.connect(to: "192.0.2.80")) }
        defer {
            close(listener)
            close(stuck)
        }

        try namespace.run("nft -f -", input: Self.change)
        let other = try namespace.inside { try Self.connect(to: "192.0.2.80") }
        defer { close(other) }
        #expect(isConnected(other, within: 2_000))
        #expect(!isConnected(stuck, within: 1_500), "the first entry still leads to the dead backend")

        #expect(
            try forgetter.forgetUnanswered([DeadBackend(address: try #require(IPAddress("127.0.0.2")), port: nil, transport: .tcp)]) == 1)
        #expect(isConnected(stuck, within: 5_000))
        #expect(
            try forgetter.forgetUnanswered([DeadBackend(address: try #require(IPAddress("127.0.0.3")), port: nil, transport: .tcp)]) == 0)
        let lines = try namespace.run("conntrack -L -p tcp --state ESTABLISHED").split(separator: "\n")
        #expect(lines.count { $0.hasPrefix("tcp") } == 2)
    }

    private static func listen(on address: String) throws -> Int32 {
        let descriptor = try made(SOCK_STREAM)
        let result = withAddress(address) { bind(descriptor, $0, $1) }
        guard result == 0, Glibc.listen(descriptor, 8) == 0 else { throw TestFault("cannot listen on \(address): errno \(errno)") }
        return descriptor
    }

    /// Begins to connect and does not wait.
    private static func connect(to address: String) throws -> Int32 {
        let descriptor = try made(SOCK_STREAM)
        let result = withAddress(address) { Glibc.connect(descriptor, $0, $1) }
        guard result == 0 || errno == EINPROGRESS else { throw TestFault("cannot connect to \(address): errno \(errno)") }
        return descriptor
    }

    private static func made(_ kind: __socket_type) throws -> Int32 {
        let descriptor = socket(AF_INET, Int32(kind.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw TestFault("no socket: errno \(errno)") }
        return descriptor
    }

    private static func withAddress<Value>(_ text: String, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Value) -> Value {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(80).bigEndian
        inet_pton(AF_INET, text, &address.sin_addr)
        return withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, socklen_t(MemoryLayout<sockaddr_in>.size)) }
        }
    }

    private func isConnected(_ descriptor: Int32, within milliseconds: Int32) -> Bool {
        var polled = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
        return poll(&polled, 1, milliseconds) == 1 && Int32(polled.revents) & (POLLERR | POLLHUP) == 0
    }
}
