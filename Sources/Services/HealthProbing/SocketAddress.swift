import NetTypes

#if canImport(Glibc)
    import Glibc
#endif

/// An address and port as the kernel takes them; room for both families without allocation.
struct SocketAddress {
    private var storage = sockaddr_in6()
    let family: AddressFamily

    init(_ endpoint: Endpoint) {
        family = endpoint.address.family
        switch family {
        case .ipv4: withUnsafeMutableBytes(of: &storage) { $0.copyBytes(from: Self.ipv4(endpoint)) }
        case .ipv6: withUnsafeMutableBytes(of: &storage) { $0.copyBytes(from: Self.ipv6(endpoint)) }
        }
    }

    private static func ipv4(_ endpoint: Endpoint) -> [UInt8] {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = endpoint.port.bigEndian
        withUnsafeMutableBytes(of: &address.sin_addr) { $0.copyBytes(from: endpoint.address.octets) }
        return withUnsafeBytes(of: &address, Array.init)
    }

    private static func ipv6(_ endpoint: Endpoint) -> [UInt8] {
        var address = sockaddr_in6()
        address.sin6_family = sa_family_t(AF_INET6)
        address.sin6_port = endpoint.port.bigEndian
        withUnsafeMutableBytes(of: &address.sin6_addr) { $0.copyBytes(from: endpoint.address.octets) }
        return withUnsafeBytes(of: &address, Array.init)
    }

    var domain: Int32 { family == .ipv4 ? AF_INET : AF_INET6 }
    private var length: socklen_t {
        socklen_t(family == .ipv4 ? MemoryLayout<sockaddr_in>.size : MemoryLayout<sockaddr_in6>.size)
    }

    func withPointer<Result>(_ body: (UnsafePointer<sockaddr>, socklen_t) -> Result) -> Result {
        withUnsafePointer(to: storage) { $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, length) } }
    }
}
