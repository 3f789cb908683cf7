import CLinux
import Glibc
import NetTypes
import TestNamespaces

/// Connections of a server in a namespace, both ends of each in our hands. For one thread.
final class TCPService {
    private let namespace: Namespace
    private let listening: Int32
    private var clients: [Int32] = []
    private var servers: [Int32] = []

    init(_ namespace: Namespace, at address: String, port: UInt16 = 8080) throws {
        self.namespace = namespace
        listening = try namespace.inside {
            let descriptor = try open(address)
            var one: Int32 = 1
            setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &one, socklen_t(MemoryLayout<Int32>.size))
            guard try withSocketAddress(address, port, { bind(descriptor, $0, $1) }) == 0, listen(descriptor, 1024) == 0 else {
                throw TestFault("cannot listen at \(address): errno \(errno)")
            }
            return descriptor
        }
    }

    deinit { for descriptor in clients + servers + [listening] { close(descriptor) } }

    func connect(to address: String, port: UInt16 = 80, count: Int) throws {
        let listening = listening
        let pairs = try namespace.inside {
            try (0..<count).map { _ in
                let client = try open(address)
                guard try withSocketAddress(address, port, { Glibc.connect(client, $0, $1) }) == 0 else {
                    throw TestFault("cannot connect to \(address): errno \(errno)")
                }
                let server = accept(listening, nil, nil)
                guard server >= 0 else { throw TestFault("cannot accept: errno \(errno)") }
                return (client, server)
            }
        }
        clients += pairs.map(\.0)
        servers += pairs.map(\.1)
    }

    /// The oldest ones say that they are done; the other ends stay open.
    func closeClients(_ count: Int) {
        for descriptor in clients.prefix(count) { close(descriptor) }
        clients.removeFirst(count)
    }

    func closeServers(_ count: Int) {
        for descriptor in servers.prefix(count) { close(descriptor) }
        servers.removeFirst(count)
    }

    /// The oldest ones break off.
    func resetClients(_ count: Int) {
        for descriptor in clients.prefix(count) {
            var now = linger(l_onoff: 1, l_linger: 0)
            setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &now, socklen_t(MemoryLayout<linger>.size))
        }
        closeClients(count)
        closeServers(count)
    }
}

/// One datagram from each of as many sockets.
func sendDatagrams(to address: String, port: UInt16 = 53, count: Int) throws {
    for _ in 0..<count {
        let descriptor = try open(address, SOCK_DGRAM)
        defer { close(descriptor) }
        let sent = try withSocketAddress(address, port) { sendto(descriptor, "?", 1, 0, $0, $1) }
        guard sent == 1 else { throw TestFault("cannot send to \(address): errno \(errno)") }
    }
}

private func open(_ address: String, _ type: __socket_type = SOCK_STREAM) throws -> Int32 {
    let descriptor = socket(address.contains(":") ? AF_INET6 : AF_INET, Int32(type.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    guard descriptor >= 0 else { throw TestFault("no socket: errno \(errno)") }
    return descriptor
}

private func withSocketAddress<Value>(
    _ text: String, _ port: UInt16, _ body: (UnsafePointer<sockaddr>, socklen_t) throws -> Value
) throws -> Value {
    func rebound<Address>(_ address: Address) throws -> Value {
        try withUnsafePointer(to: address) {
            try $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { try body($0, socklen_t(MemoryLayout<Address>.size)) }
        }
    }
    if text.contains(":") {
        var address = sockaddr_in6()
        (address.sin6_family, address.sin6_port) = (sa_family_t(AF_INET6), port.bigEndian)
        guard inet_pton(AF_INET6, text, &address.sin6_addr) == 1 else { throw TestFault("no address: \(text)") }
        return try rebound(address)
    }
    var address = sockaddr_in()
    (address.sin_family, address.sin_port) = (sa_family_t(AF_INET), port.bigEndian)
    guard inet_pton(AF_INET, text, &address.sin_addr) == 1 else { throw TestFault("no address: \(text)") }
    return try rebound(address)
}
