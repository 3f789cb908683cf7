import Glibc
import TestNamespaces

/// A netlink socket of the tests' own, so that they do not learn from the driver what they check it by.
final class NetfilterSocket {
    private let descriptor: Int32
    private static let family: Int32 = 16
    private static let netfilter: Int32 = 12
    /// NFNLGRP_NFTRACE, 9, as a bit.
    static let traces: UInt32 = 1 << 8

    /// In the network namespace of the calling thread. `groups`: what it hears without asking.
    init(groups: UInt32 = 0) throws {
        let kind = Int32(SOCK_RAW.rawValue) | Int32(SOCK_NONBLOCK.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        descriptor = socket(Self.family, kind, Self.netfilter)
        var room: Int32 = 1 << 26
        setsockopt(descriptor, SOL_SOCKET, SO_RCVBUFFORCE, &room, socklen_t(MemoryLayout<Int32>.size))
        // struct sockaddr_nl: family, padding, port, groups.
        let address = withUnsafeBytes(of: UInt16(Self.family), Array.init) + [0, 0, 0, 0, 0, 0] + withUnsafeBytes(of: groups, Array.init)
        let isBound = address.withUnsafeBytes { octets in
            octets.baseAddress.map { bind(descriptor, $0.assumingMemoryBound(to: sockaddr.self), socklen_t(octets.count)) } == 0
        }
        guard descriptor >= 0, isBound else { throw TestFault("no netlink socket: errno \(errno)") }
    }

    deinit { close(descriptor) }

    /// All that has come since the last call.
    func received() throws -> [NetlinkMessages.Message] {
        var messages: [NetlinkMessages.Message] = []
        var buffer = [UInt8](repeating: 0, count: 65536)
        while true {
            let count = recv(descriptor, &buffer, buffer.count, 0)
            if count < 0, errno == ENOBUFS { throw TestFault("the kernel had more to say than room for it") }
            guard count > 0 else { return messages }
            messages += NetlinkMessages(buffer.prefix(count))
        }
    }

    /// Asks for all objects of a kind. The kernel fills each datagram when it is read, so that nothing has to be waited for.
    func dump(_ type: UInt16, family: UInt8) throws -> [NetlinkMessages.Message] {
        let length: UInt32 = 20
        let (request, dump): (UInt16, UInt16) = (0x001, 0x300)
        let header = withUnsafeBytes(of: length, Array.init) + withUnsafeBytes(of: type, Array.init)
        let message = header + withUnsafeBytes(of: request | dump, Array.init) + [UInt8](repeating: 0, count: 8) + [family, 0, 0, 0]
        guard send(descriptor, message, message.count, 0) == message.count else { throw TestFault("cannot ask: errno \(errno)") }
        return try received()
    }
}
