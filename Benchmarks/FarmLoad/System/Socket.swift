import CLinux
import Glibc

/// Non-blocking sockets with the options our clients and servers need.
enum Socket {
    enum Kind { case stream, datagram }

    static func open(_ family: Int32, _ kind: Kind) throws -> Int32 {
        let type = (kind == .stream ? SOCK_STREAM : SOCK_DGRAM).rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue
        return try checked("socket", socket(family, Int32(type), 0))
    }

    /// Closing resets: neither end keeps a TIME_WAIT, so that a port used again is never mistaken for a fault of the balancer.
    static func resetOnClose(_ descriptor: Int32) throws {
        var option = linger(l_onoff: 1, l_linger: 0)
        try checked("SO_LINGER", setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &option, socklen_t(MemoryLayout<linger>.size)))
    }

    static func set(_ descriptor: Int32, _ level: Int32, _ name: Int32, to value: Int32 = 1) throws {
        var value = value
        try checked("setsockopt \(level)/\(name)", setsockopt(descriptor, level, name, &value, socklen_t(MemoryLayout<Int32>.size)))
    }

    static func bind(_ descriptor: Int32, to source: Endpoint) throws {
        try set(descriptor, SOL_SOCKET, SO_REUSEADDR)
        try checked("bind \(source)", source.withSocketAddress { Glibc.bind(descriptor, $0, $1) })
    }

    /// Starts a connection; true when it is established at once, as a datagram socket's is.
    static func connect(_ descriptor: Int32, to target: Endpoint) throws -> Bool {
        if target.withSocketAddress({ Glibc.connect(descriptor, $0, $1) }) == 0 { return true }
        guard errno == EINPROGRESS else { throw SystemCallFailure("connect") }
        return false
    }

    /// The error that waits at a socket, 0 if none; reading it clears it.
    static func pendingError(_ descriptor: Int32) -> Int32 {
        var code: Int32 = 0
        var size = socklen_t(MemoryLayout<Int32>.size)
        return getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &code, &size) == 0 ? code : errno
    }

    static func listen(on port: UInt16, family: Int32, _ kind: Kind) throws -> Int32 {
        let descriptor = try open(family, kind)
        if family == AF_INET6 { try set(descriptor, Int32(IPPROTO_IPV6), IPV6_V6ONLY) }
        let any = Endpoint(address: [UInt8](repeating: 0, count: family == AF_INET ? 4 : 16), port: port)
        try bind(descriptor, to: any)
        if kind == .stream { try checked("listen", Glibc.listen(descriptor, 4096)) }
        return descriptor
    }

    static func raiseDescriptorLimit() throws -> Int {
        var limit = rlimit()
        try checked("getrlimit", getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit))
        limit.rlim_cur = min(limit.rlim_max, 65_536)
        try checked("setrlimit", setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit))
        return Int(limit.rlim_cur)
    }
}
