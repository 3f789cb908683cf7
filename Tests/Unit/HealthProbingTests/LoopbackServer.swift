import Glibc
import NetTypes
import Threads

@testable import HealthProbing

/// A TCP server on a loopback port of its own; each connection is handed to `serve` on a thread of its own.
final class LoopbackServer: Sendable {
    let endpoint: Endpoint
    private let listener: Int32

    /// - Parameter serve: gets a blocking descriptor that is closed when it returns; nil leaves connections to the backlog.
    init(family: AddressFamily = .ipv4, port: UInt16 = 0, backlog: Int32 = 128, serve: (@Sendable (Int32) -> Void)? = nil) throws {
        let address = family == .ipv4 ? IPAddress(v4: 0x7F00_0001) : IPAddress(v6: 0, 1)
        let listener = socket(family == .ipv4 ? AF_INET : AF_INET6, Int32(SOCK_STREAM.rawValue), 0)
        self.listener = listener
        var one: Int32 = 1
        setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, 4)
        let bound = SocketAddress(Endpoint(address: address, port: port)).withPointer { bind(listener, $0, $1) }
        guard bound == 0, listen(listener, backlog) == 0 else { throw ProbingFault(operation: "bind", errno: errno) }
        endpoint = Endpoint(address: address, port: Self.port(of: listener))
        if let serve { try Self.accept(on: listener, serve) }
    }

    private static func port(of descriptor: Int32) -> UInt16 {
        var (address, length) = (sockaddr_in6(), socklen_t(MemoryLayout<sockaddr_in6>.size))
        withUnsafeMutablePointer(to: &address) {
            _ = $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(descriptor, $0, &length) }
        }
        return UInt16(bigEndian: address.sin6_port)
    }

    private static func accept(on listener: Int32, _ serve: @escaping @Sendable (Int32) -> Void) throws {
        try DedicatedThread(named: "test-accept") {
            while true {
                let connection = Glibc.accept(listener, nil, nil)
                guard connection >= 0 else { return }
                do {
                    try DedicatedThread(named: "test-serve") {
                        serve(connection)
                        close(connection)
                    }.detach()
                } catch {
                    close(connection)
                }
            }
        }.detach()
    }

    /// From now on connections are refused.
    func stop() {
        // Unlike close, this also wakes the thread in accept.
        shutdown(listener, Int32(SHUT_RDWR))
        close(listener)
    }

    /// Reads a request up to its empty line.
    static func readRequest(_ connection: Int32) -> String {
        var (bytes, text) = ([UInt8](repeating: 0, count: 4096), "")
        while !text.hasSuffix("\r\n\r\n") {
            let count = recv(connection, &bytes, bytes.count, 0)
            guard count > 0 else { break }
            text += String(decoding: bytes.prefix(count), as: UTF8.self)
        }
        return text
    }

    /// False when the peer is gone.
    @discardableResult static func write(_ text: String, to connection: Int32) -> Bool {
        let bytes = Array(text.utf8)
        return send(connection, bytes, bytes.count, Int32(MSG_NOSIGNAL)) == bytes.count
    }
}
