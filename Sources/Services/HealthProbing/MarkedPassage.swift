import NetTypes

#if canImport(Glibc)
    import Glibc
#endif

/// What a socket needs to go through a farm's rules.
struct MarkedPassage {
    let value: UInt32
    /// Nil leaves it to routing.
    let source: IPAddress?
    let port: UInt16

    /// 0, or the errno.
    func mark(_ descriptor: Int32) -> Int32 {
        withUnsafePointer(to: value) {
            setsockopt(descriptor, SOL_SOCKET, SO_MARK, $0, socklen_t(MemoryLayout<UInt32>.size)) == 0 ? 0 : errno
        }
    }

    /// The address of this host that packets to `endpoint` leave with. Towards the listener it would often be the listener's own, as hosts
    /// hold theirs. Nil where there is no way.
    static func source(towards endpoint: Endpoint) -> IPAddress? {
        let family = endpoint.address.family
        let descriptor = socket(
            family == .ipv4 ? AF_INET : AF_INET6, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        // Datagram sockets send nothing when they are connected.
        guard SocketAddress(endpoint).withPointer({ connect(descriptor, $0, $1) }) == 0 else { return nil }
        var name = [UInt8](repeating: 0, count: MemoryLayout<sockaddr_in6>.size)
        var length = socklen_t(name.count)
        let isNamed = name.withUnsafeMutableBytes { octets in
            octets.baseAddress.map { getsockname(descriptor, $0.assumingMemoryBound(to: sockaddr.self), &length) == 0 } ?? false
        }
        // struct sockaddr_in and sockaddr_in6: the address stands behind family and port, and flow information.
        return isNamed ? IPAddress(octets: family == .ipv4 ? name[4..<8] : name[8..<24]) : nil
    }
}
