import CLinux
import Glibc
import NetTypes
import TestNamespaces

/// A socket that is closed at its end.
final class Socket: Sendable {
    let descriptor: Int32

    init(_ descriptor: Int32) { self.descriptor = descriptor }

    init(_ family: AddressFamily, _ transport: TransportProtocol) throws {
        let kind =
            Int32((transport == .tcp ? SOCK_STREAM : SOCK_DGRAM).rawValue) | Int32(SOCK_NONBLOCK.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        descriptor = socket(family == .ipv4 ? AF_INET : AF_INET6, kind, 0)
        guard descriptor >= 0 else { throw TestFault("no socket: errno \(errno)") }
    }

    deinit { close(descriptor) }

    func set(_ level: Int32, _ option: Int32, _ value: Int32) {
        var value = value
        setsockopt(descriptor, level, option, &value, socklen_t(MemoryLayout<Int32>.size))
    }

    /// So much may wait to be sent, also on connections that it accepts from now on.
    func makeRoom(_ octets: Int) { set(SOL_SOCKET, SO_SNDBUF, Int32(octets)) }

    func bind(to endpoint: Endpoint) throws {
        set(SOL_SOCKET, SO_REUSEADDR, 1)
        guard endpoint.withAddress({ Glibc.bind(descriptor, $0, $1) }) == 0 else {
            throw TestFault("cannot bind \(endpoint): errno \(errno)")
        }
    }

    func send(_ text: String) throws {
        guard Glibc.send(descriptor, text, text.utf8.count, Int32(MSG_NOSIGNAL)) == text.utf8.count else {
            throw TestFault("cannot send: errno \(errno)")
        }
    }

    func send(_ text: String, to endpoint: Endpoint) throws {
        let sent = endpoint.withAddress { sendto(descriptor, text, text.utf8.count, 0, $0, $1) }
        guard sent == text.utf8.count else { throw TestFault("cannot send: errno \(errno)") }
    }

    /// What comes within the time; nil if nothing does. A connection that was reset throws.
    func receive(within milliseconds: Int32 = 2000) throws -> String? {
        guard isReady(POLLIN, milliseconds) else { return nil }
        var buffer = [UInt8](repeating: 0, count: 4096)
        let count = recv(descriptor, &buffer, buffer.count, 0)
        guard count >= 0 else { throw TestFault("errno \(errno)") }
        return String(decoding: buffer[..<count], as: UTF8.self)
    }

    func isReady(_ events: Int32, _ milliseconds: Int32) -> Bool {
        var polled = pollfd(fd: descriptor, events: Int16(events), revents: 0)
        return poll(&polled, 1, milliseconds) > 0
    }

    /// The other end has reset the connection.
    func isReset(within milliseconds: Int32) -> Bool {
        var polled = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        return poll(&polled, 1, milliseconds) > 0 && polled.revents & Int16(POLLERR | POLLHUP) != 0 && fault == ECONNRESET
    }

    var fault: Int32 {
        var (value, length) = (Int32(0), socklen_t(MemoryLayout<Int32>.size))
        getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &value, &length)
        return value
    }

    /// Ends the connection with a reset.
    func reset() {
        var linger = linger(l_onoff: 1, l_linger: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &linger, socklen_t(MemoryLayout.size(ofValue: linger)))
        shutdown(descriptor, Int32(SHUT_RD))
        var empty = sockaddr()
        empty.sa_family = sa_family_t(AF_UNSPEC)
        // A connect to nowhere is how a program lets go of a connection and keeps the socket.
        connect(descriptor, &empty, socklen_t(MemoryLayout<sockaddr>.size))
    }
}

extension Endpoint {
    func withAddress<Value>(_ body: (UnsafePointer<sockaddr>, socklen_t) -> Value) -> Value {
        var octets = [UInt8](repeating: 0, count: address.family == .ipv4 ? 16 : 28)
        withUnsafeBytes(of: sa_family_t(address.family == .ipv4 ? AF_INET : AF_INET6)) { octets.replaceSubrange(0..<2, with: $0) }
        octets.replaceSubrange(2..<4, with: [UInt8(port >> 8), UInt8(truncatingIfNeeded: port)])
        let start = address.family == .ipv4 ? 4 : 8
        octets.replaceSubrange(start..<start + address.octets.count, with: address.octets)
        return octets.withUnsafeBytes { bytes in
            guard let base = bytes.baseAddress else { preconditionFailure("an address has octets") }
            return body(base.assumingMemoryBound(to: sockaddr.self), socklen_t(bytes.count))
        }
    }
}

/// What came of an attempt to connect.
enum Attempt: Equatable {
    case connected, refused
    /// No answer.
    case silent
}

extension Network {
    /// Listens on the server: the kernel completes handshakes by itself.
    func listen(_ endpoints: String..., transport: TransportProtocol = .tcp) throws -> [Socket] {
        try endpoints.map { try listen($0, in: server, transport) }
    }

    func listen(_ text: String, in namespace: Namespace, _ transport: TransportProtocol = .tcp) throws -> Socket {
        guard let endpoint = Endpoint(text) else { throw TestFault("\(text) is no endpoint") }
        return try namespace.inside {
            let socket = try Socket(endpoint.address.family, transport)
            try socket.bind(to: endpoint)
            guard transport == .udp || Glibc.listen(socket.descriptor, 1024) == 0 else { throw TestFault("cannot listen: errno \(errno)") }
            return socket
        }
    }

    /// Begins a connection, from the client unless told otherwise.
    func open(from source: String, to target: String, _ transport: TransportProtocol = .tcp, in namespace: Namespace? = nil) throws
        -> Socket
    {
        guard let target = Endpoint(target) else { throw TestFault("\(target) is no endpoint") }
        let from = Endpoint(source) ?? IPAddress(source).map { Endpoint(address: $0, port: 0) }
        guard let from else { throw TestFault("\(source) is no address") }
        return try (namespace ?? client).inside {
            let socket = try Socket(target.address.family, transport)
            try socket.bind(to: from)
            let result = target.withAddress { Glibc.connect(socket.descriptor, $0, $1) }
            guard result == 0 || errno == EINPROGRESS || errno == ECONNREFUSED else { throw TestFault("cannot connect: errno \(errno)") }
            return socket
        }
    }

    /// Connects so often, one after the other, and returns what came of it. What has connected stays open.
    func connect(_ count: Int = 1, from source: String, to target: String) throws -> (attempts: [Attempt], open: [Socket]) {
        var (attempts, open): ([Attempt], [Socket]) = ([], [])
        for _ in 0..<count {
            let socket = try self.open(from: source, to: target)
            attempts.append(socket.attempt)
            if attempts.last == .connected { open.append(socket) }
        }
        return (attempts, open)
    }
}

extension Socket {
    /// Long enough for an answer on a busy machine, and too short for a second try of the kernel's to have an answer.
    private static let patience: Int32 = 800

    var attempt: Attempt {
        guard isReady(POLLOUT, Self.patience) else { return .silent }
        return fault == 0 ? .connected : .refused
    }
}
