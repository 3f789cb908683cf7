import CLinux
import NetTypes

#if canImport(Glibc)
    import Glibc
#endif

/// The socket calls of a probe.
enum ProbeSocket {
    /// Begins a connection, or ties a datagram socket to its peer. The descriptor, or the errno.
    static func connect(
        to address: SocketAddress, over transport: ProbeTransport, leaving origin: ProbeOrigin?, from ports: inout SourcePorts,
        at source: IPAddress? = nil, through passage: MarkedPassage? = nil
    ) -> Result<Int32, ConnectFault> {
        let descriptor = open(transport, address.family)
        guard descriptor >= 0 else { return .failure(ConnectFault(errno: errno, transport: transport)) }
        var fault = origin?.bindToDevice(descriptor) ?? 0
        if fault == 0 { fault = passage?.mark(descriptor) ?? 0 }
        if fault == 0 {
            let source = source ?? origin?.source ?? passage?.source
            fault =
                transport.hasPorts
                ? ports.bind(descriptor, family: address.family, source: source, at: passage?.port)
                : origin?.bindToSource(descriptor) ?? 0
        }
        if fault == 0, address.withPointer({ Glibc.connect(descriptor, $0, $1) }) != 0 { fault = errno }
        guard fault == 0 || fault == EINPROGRESS else {
            close(descriptor)
            return .failure(ConnectFault(errno: fault, transport: transport))
        }
        return .success(descriptor)
    }

    /// The address of this host that packets to `peer` leave with. Nil where there is no way.
    static func source(towards peer: SocketAddress) -> IPAddress? {
        let descriptor = socket(peer.domain, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        // Datagram sockets send nothing when they are connected.
        return peer.withPointer({ Glibc.connect(descriptor, $0, $1) }) == 0 ? source(of: descriptor) : nil
    }

    /// The address of this host at a connection's end.
    static func source(of descriptor: Int32) -> IPAddress? {
        var name = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        return withUnsafeMutableBytes(of: &name) { octets in
            guard let start = octets.baseAddress, getsockname(descriptor, start.assumingMemoryBound(to: sockaddr.self), &length) == 0 else {
                return nil
            }
            // struct sockaddr_in and sockaddr_in6: the address stands behind family and port, and flow information.
            return IPAddress(octets: length == MemoryLayout<sockaddr_in>.size ? Array(octets[4..<8]) : Array(octets[8..<24]))
        }
    }

    /// The next connection of a socket that was disconnected.
    static func connectAgain(_ descriptor: Int32, to address: SocketAddress) -> Result<Int32, ConnectFault> {
        guard address.withPointer({ Glibc.connect(descriptor, $0, $1) }) != 0, errno != EINPROGRESS else { return .success(descriptor) }
        let fault = errno
        close(descriptor)
        return .failure(ConnectFault(errno: fault))
    }

    /// Resets the connection; the socket keeps its port. Whether the kernel did.
    static func disconnect(_ descriptor: Int32) -> Bool {
        var nowhere = sockaddr()
        nowhere.sa_family = sa_family_t(AF_UNSPEC)
        return Glibc.connect(descriptor, &nowhere, socklen_t(MemoryLayout<sockaddr>.size)) == 0
    }

    private static func open(_ transport: ProbeTransport, _ family: AddressFamily) -> Int32 {
        let domain = family == .ipv4 ? AF_INET : AF_INET6
        switch transport {
        case .tcp:
            let descriptor = socket(domain, Int32(SOCK_STREAM.rawValue) | flags, 0)
            if descriptor >= 0 { setOptions(of: descriptor) }
            return descriptor
        case .udp:
            let descriptor = socket(domain, Int32(SOCK_DGRAM.rawValue) | flags, 0)
            if descriptor >= 0 { setDatagramOptions(of: descriptor, family) }
            return descriptor
        case .icmp: return PingSocket.open(family, flags: flags)
        case .program: preconditionFailure("programs have no socket")
        }
    }

    private static let flags = Int32(SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)

    /// With RECVERR a connected socket hears of every ICMP error about it, of an unreachable host too, and not only of a closed port.
    private static func setDatagramOptions(of descriptor: Int32, _ family: AddressFamily) {
        set(SOL_SOCKET, SO_REUSEADDR, to: Int32(1), of: descriptor)
        switch family {
        case .ipv4: set(Int32(IPPROTO_IP), IP_RECVERR, to: Int32(1), of: descriptor)
        case .ipv6: set(Int32(IPPROTO_IPV6), IPV6_RECVERR, to: Int32(1), of: descriptor)
        }
    }

    /// With DEFER_ACCEPT the SYN-ACK is not answered before we reset or send, as without quick acknowledgement, which each disconnect
    /// would forget (tcp_rcv_synsent_state_process in Linux's tcp_input.c). With a linger of 0 closing resets, which leaves no TIME_WAIT
    /// on either side. A refused option costs packets, not results.
    private static func setOptions(of descriptor: Int32) {
        set(SOL_SOCKET, SO_REUSEADDR, to: Int32(1), of: descriptor)
        set(Int32(IPPROTO_TCP), TCP_DEFER_ACCEPT, to: Int32(1), of: descriptor)
        set(SOL_SOCKET, SO_LINGER, to: linger(l_onoff: 1, l_linger: 0), of: descriptor)
    }

    /// Sends the acknowledgement that was held back.
    static func acknowledge(_ descriptor: Int32) { set(Int32(IPPROTO_TCP), TCP_QUICKACK, to: Int32(1), of: descriptor) }

    static func set<Value: BitwiseCopyable>(_ level: Int32, _ option: Int32, to value: Value, of descriptor: Int32) {
        withUnsafePointer(to: value) { _ = setsockopt(descriptor, level, option, $0, socklen_t(MemoryLayout<Value>.size)) }
    }

    /// The errno with which a connection ended; 0 for none.
    static func pendingFault(of descriptor: Int32) -> Int32 {
        var (fault, length) = (Int32(0), socklen_t(MemoryLayout<Int32>.size))
        return getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &fault, &length) == 0 ? fault : errno
    }
}

/// Why a connection did not come about.
struct ConnectFault: Error, Equatable {
    let errno: Int32
    var transport = ProbeTransport.tcp
    /// Whether the network has said so, and not the call that was made: read from the socket's pending error, or in the place of bytes.
    var isHeard = false

    /// Something that we lack, which says nothing of the target. A call that is refused with EPERM or EACCES was held back by a filter of
    /// this host; heard, the same are ICMPv6's words for a filter or a route on the way (RFC 4443 § 3.1, codes 1, 5 and 6).
    var isOurs: Bool {
        switch errno {
        case EMFILE, ENFILE, ENOBUFS, ENOMEM, EADDRNOTAVAIL, EADDRINUSE, EAGAIN: true
        case EPERM, EACCES: !isHeard
        default: false
        }
    }

    var words: String {
        switch errno {
        case ECONNREFUSED: transport == .tcp ? "connection refused" : "port unreachable"
        case ECONNRESET: "connection reset"
        case EHOSTUNREACH: "no route to host"
        case ENETUNREACH: "network unreachable"
        case ETIMEDOUT: "no answer to the connection"
        case EMFILE, ENFILE: "out of descriptors"
        case ENOBUFS, ENOMEM: "out of memory for sockets"
        case EADDRINUSE: "no free source port"
        case EADDRNOTAVAIL: "no such source address, or no free source port"
        case EPERM where isHeard, EACCES where isHeard: "prohibited by a filter or a route on the way"
        case EACCES where transport == .icmp: "no right to ping: it takes CAP_NET_RAW, or a group in net.ipv4.ping_group_range"
        default: systemWords(errno)
        }
    }
}

/// The C library's words for an errno.
func systemWords(_ errno: Int32) -> String {
    var words = [CChar](repeating: 0, count: 128)
    guard strerror_r(errno, &words, words.count) == 0 else { return "errno \(errno)" }
    return String(decoding: words.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
}
