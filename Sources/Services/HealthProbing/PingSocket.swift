import NetTypes

#if canImport(Glibc)
    import Glibc
#endif

/// Sockets for echo requests: the kernel's unprivileged ones where net.ipv4.ping_group_range lets us (for IPv6 too), else raw ones, which
/// need CAP_NET_RAW.
enum PingSocket {
    /// The descriptor, or -1 and errno: EACCES when neither is allowed.
    static func open(_ family: AddressFamily, flags: Int32) -> Int32 {
        let (domain, code) = family == .ipv4 ? (AF_INET, Int32(IPPROTO_ICMP)) : (AF_INET6, Int32(IPPROTO_ICMPV6))
        let descriptor = socket(domain, Int32(SOCK_DGRAM.rawValue) | flags, code)
        if descriptor >= 0 || errno != EACCES { return descriptor }
        let raw = socket(domain, Int32(SOCK_RAW.rawValue) | flags, code)
        if raw >= 0 { admitReplies(to: raw, family) } else if errno == EPERM { errno = EACCES }
        return raw
    }

    /// A raw socket gets every ICMP message that its peer sends to this host; all but echo replies stay in the kernel.
    private static func admitReplies(to raw: Int32, _ family: AddressFamily) {
        switch family {
        case .ipv4:
            // ICMP_FILTER (linux/icmp.h): a bit for each type that is dropped; 0 is the echo reply.
            ProbeSocket.set(255, 1, to: ~UInt32(1), of: raw)
        case .ipv6:
            // ICMP6_FILTER (RFC 3542 § 3.2): 256 bits of types that pass, inverted in Linux; 129 is the echo reply.
            var blocked = [UInt32](repeating: ~0, count: 8)
            blocked[129 / 32] &= ~(1 << UInt32(129 % 32))
            _ = setsockopt(raw, Int32(IPPROTO_ICMPV6), 1, blocked, socklen_t(32))
        }
    }
}
