import Glibc
import NetTypes
import TestNamespaces

/// Packets of one protocol of IP, without their headers.
final class RawIPSocket: Sendable {
    private let socket: Socket
    private let family: AddressFamily

    /// In the namespace of the calling thread, at one of its addresses.
    init(_ number: Int32, at address: String) throws {
        guard let address = IPAddress(address) else { throw TestFault("\(address) is no address") }
        family = address.family
        let kind = Int32(SOCK_RAW.rawValue) | Int32(SOCK_NONBLOCK.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        socket = Socket(Glibc.socket(family == .ipv4 ? AF_INET : AF_INET6, kind, number))
        guard socket.descriptor >= 0 else { throw TestFault("no raw socket: errno \(errno)") }
        try socket.bind(to: Endpoint(address: address, port: 0))
    }

    func send(_ octets: [UInt8], to address: String) throws {
        guard let address = IPAddress(address) else { throw TestFault("\(address) is no address") }
        let sent = Endpoint(address: address, port: 0).withAddress { sendto(socket.descriptor, octets, octets.count, 0, $0, $1) }
        guard sent == octets.count else { throw TestFault("cannot send: errno \(errno)") }
    }

    /// The next packet, with where it is from.
    func receive(within milliseconds: Int32 = 2000) throws -> (octets: [UInt8], from: String)? {
        guard socket.isReady(POLLIN, milliseconds) else { return nil }
        var buffer = [UInt8](repeating: 0, count: 4096)
        var (name, length) = ([UInt8](repeating: 0, count: 28), socklen_t(28))
        let count = name.withUnsafeMutableBytes { name in
            recvfrom(socket.descriptor, &buffer, buffer.count, 0, name.baseAddress?.assumingMemoryBound(to: sockaddr.self), &length)
        }
        guard count > 0 else { throw TestFault("errno \(errno)") }
        // A raw socket of IPv4 gets the header, too (raw(7)).
        let header = family == .ipv4 ? Int(buffer[0] & 15) * 4 : 0
        guard let from = IPAddress(octets: name[family == .ipv4 ? 4..<8 : 8..<24]) else { throw TestFault("an address is too short") }
        return (Array(buffer[header..<count]), from.description)
    }
}
