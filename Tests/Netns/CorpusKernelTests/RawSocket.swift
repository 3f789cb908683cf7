import Glibc
import NetTypes
import Ruleset
import TestNamespaces

/// Packets that the balancer itself sends, with any header: they go through its output hook.
enum RawSocket {
    /// In the namespace of the calling thread.
    static func send(_ probe: Probe) throws {
        let isV4 = probe.packet.family == .ipv4
        let kind = Int32(SOCK_RAW.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        // IPPROTO_RAW: the header comes from us (raw(7)).
        let descriptor = socket(isV4 ? AF_INET : AF_INET6, kind, Int32(IPPROTO_RAW))
        defer { close(descriptor) }
        var mark = probe.packet.mark
        setsockopt(descriptor, SOL_SOCKET, SO_MARK, &mark, socklen_t(MemoryLayout<UInt32>.size))
        let octets = probe.networkPacket
        let address = address(probe.packet.destination.address)
        let sent = address.withUnsafeBytes { address in
            address.baseAddress.map { base in
                sendto(descriptor, octets, octets.count, 0, base.assumingMemoryBound(to: sockaddr.self), socklen_t(address.count))
            } ?? -1
        }
        // EPERM: a rule has dropped it.
        guard sent == octets.count || errno == EPERM else { throw TestFault("the balancer could not send \(probe.packet): errno \(errno)") }
    }

    /// struct sockaddr_in or sockaddr_in6, without a port.
    private static func address(_ address: IPAddress) -> [UInt8] {
        let family = withUnsafeBytes(of: UInt16(address.family == .ipv4 ? AF_INET : AF_INET6), Array.init)
        let zeros = [UInt8](repeating: 0, count: 8)
        return address.family == .ipv4
            ? family + [0, 0] + address.octets + zeros : family + zeros.prefix(6) + address.octets + zeros.prefix(4)
    }
}
