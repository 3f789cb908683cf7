import CLinux

#if canImport(Glibc)
    import Glibc
#endif

/// The socket calls of a probe.
enum ProbeSocket {
    /// Begins a connection. The descriptor, or the errno.
    static func connect(to address: SocketAddress, from ports: inout SourcePorts) -> Result<Int32, ConnectFault> {
        let descriptor = socket(address.domain, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return .failure(ConnectFault(errno: errno)) }
        setOptions(of: descriptor)
        var fault = ports.bind(descriptor, family: address.family)
        if fault == 0, address.withPointer({ Glibc.connect(descriptor, $0, $1) }) != 0 { fault = errno }
        guard fault == 0 || fault == EINPROGRESS else {
            close(descriptor)
            return .failure(ConnectFault(errno: fault))
        }
        return .success(descriptor)
    }

    /// Without quick acknowledgement the SYN-ACK is not answered before we reset or send; with a linger of 0 closing resets, which
    /// leaves no TIME_WAIT on either side. A refused option costs packets, not results.
    private static func setOptions(of descriptor: Int32) {
        set(SOL_SOCKET, SO_REUSEADDR, to: Int32(1), of: descriptor)
        set(Int32(IPPROTO_TCP), TCP_QUICKACK, to: Int32(0), of: descriptor)
        set(SOL_SOCKET, SO_LINGER, to: linger(l_onoff: 1, l_linger: 0), of: descriptor)
    }

    private static func set<Value: BitwiseCopyable>(_ level: Int32, _ option: Int32, to value: Value, of descriptor: Int32) {
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

    /// Something that we lack, which says nothing of the target. EPERM and EACCES come from filters on this host.
    var isOurs: Bool {
        [EMFILE, ENFILE, ENOBUFS, ENOMEM, EADDRNOTAVAIL, EADDRINUSE, EAGAIN, EPERM, EACCES].contains(errno)
    }

    var words: String {
        switch errno {
        case ECONNREFUSED: "connection refused"
        case ECONNRESET: "connection reset"
        case EHOSTUNREACH: "no route to host"
        case ENETUNREACH: "network unreachable"
        case ETIMEDOUT: "no answer to the connection"
        case EMFILE, ENFILE: "out of descriptors"
        case ENOBUFS, ENOMEM: "out of memory for sockets"
        case EADDRNOTAVAIL, EADDRINUSE: "no free source port"
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
