import Glibc
import NetTypes
import TestNamespaces

/// A UDP socket of the calling thread's namespace.
final class Datagrams {
    private let descriptor: Int32

    /// `isChecked` false: sends without checksums, and takes datagrams without one, which IPv6 asks for (RFC 6936).
    init(_ family: AddressFamily, isChecked: Bool) throws {
        descriptor = socket(family == .ipv4 ? AF_INET : AF_INET6, Int32(SOCK_DGRAM.rawValue), 0)
        var patience = timeval(tv_sec: 2, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
        guard !isChecked else { return }
        // SO_NO_CHECK of asm-generic/socket.h; UDP_NO_CHECK6_TX and _RX of linux/udp.h
        let level = family == .ipv4 ? SOL_SOCKET : Int32(IPPROTO_UDP)
        for option: Int32 in family == .ipv4 ? [11] : [101, 102] {
            var isOn: Int32 = 1
            guard setsockopt(descriptor, level, option, &isOn, 4) == 0 else { throw TestFault("no option: errno \(errno)") }
        }
    }

    deinit { close(descriptor) }

    func bind(to endpoint: Endpoint) throws {
        guard Self.with(endpoint, { Glibc.bind(descriptor, $0, $1) }) == 0 else { throw TestFault("cannot bind: errno \(errno)") }
    }

    func send(_ text: String, to endpoint: Endpoint) throws {
        let bytes = Array(text.utf8)
        guard Self.with(endpoint, { sendto(descriptor, bytes, bytes.count, 0, $0, $1) }) == bytes.count else {
            throw TestFault("cannot send: errno \(errno)")
        }
    }

    /// "" when none arrives within two seconds.
    func receive() -> String {
        var buffer = [UInt8](repeating: 0, count: 2048)
        let count = recv(descriptor, &buffer, buffer.count, 0)
        return String(decoding: buffer.prefix(max(0, count)), as: UTF8.self)
    }

    private static func with<Result>(_ endpoint: Endpoint, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Result) -> Result {
        guard endpoint.address.family == .ipv6 else {
            var address = sockaddr_in()
            (address.sin_family, address.sin_port) = (sa_family_t(AF_INET), endpoint.port.bigEndian)
            withUnsafeMutableBytes(of: &address.sin_addr) { $0.copyBytes(from: endpoint.address.octets) }
            return pass(address, body)
        }
        var address = sockaddr_in6()
        (address.sin6_family, address.sin6_port) = (sa_family_t(AF_INET6), endpoint.port.bigEndian)
        withUnsafeMutableBytes(of: &address.sin6_addr) { $0.copyBytes(from: endpoint.address.octets) }
        return pass(address, body)
    }

    private static func pass<Address, Result>(_ address: Address, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Result) -> Result {
        withUnsafePointer(to: address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, socklen_t(MemoryLayout<Address>.size)) }
        }
    }
}
