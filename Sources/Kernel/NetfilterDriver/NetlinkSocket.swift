import CNetfilter
import Glibc
import Seams

/// One netlink socket, kept open: closing one waits for an RCU grace period (14–22 ms).
///
/// Answers of nf_tables are queued before `send` returns, and a dump goes on inside `recv`; nothing here ever waits.
final class NetlinkSocket {
    private let handle: OpaquePointer
    private let descriptor: Int32
    private let inbox: UnsafeMutableRawBufferPointer
    private var sendLimit = 0
    private var sequence: UInt32 = 1

    /// The kernel cuts dumps to what fits; larger reads mean fewer of them.
    private static let inboxSize = 128 * 1024
    /// Room for an error for each message of a batch that is wrong throughout.
    private static let receiveBuffer: Int32 = 8 << 20

    init() throws(DriverError) {
        guard let handle = mnl_socket_open2(NETLINK_NETFILTER, Int32(SOCK_CLOEXEC.rawValue)) else {
            throw DriverError(kind: .broken, errno: errno, message: "cannot open a netlink socket: \(words(of: errno))")
        }
        guard mnl_socket_bind(handle, 0, 0) == 0 else {
            let code = errno
            mnl_socket_close(handle)
            throw DriverError(kind: .broken, errno: code, message: "cannot bind a netlink socket: \(words(of: code))")
        }
        self.handle = handle
        descriptor = mnl_socket_get_fd(handle)
        inbox = .allocate(byteCount: Self.inboxSize, alignment: 16)
        // Without these two the kernel's words and the object's place are missing, not the error itself.
        for option in [NETLINK_EXT_ACK, NETLINK_CAP_ACK] { _ = set(SOL_NETLINK, option, 1) }
        if !set(SOL_SOCKET, SO_RCVBUFFORCE, Self.receiveBuffer) { _ = set(SOL_SOCKET, SO_RCVBUF, Self.receiveBuffer) }
    }

    deinit {
        inbox.deallocate()
        mnl_socket_close(handle)
    }

    /// The address that nf_tables knows us by as a table's owner.
    var portID: UInt32 { mnl_socket_get_portid(handle) }

    /// Sequence numbers for `count` messages; returns the first.
    func takeSequence(_ count: Int) -> UInt32 {
        if sequence > UInt32.max - UInt32(count) { sequence = 1 }
        defer { sequence += UInt32(count) }
        return sequence
    }

    func send(_ bytes: UnsafeRawBufferPointer) throws(DriverError) {
        try makeRoom(for: bytes.count)
        while Glibc.send(descriptor, bytes.baseAddress, bytes.count, 0) < 0 {
            let code = errno
            if code == EINTR { continue }
            let kind: DriverError.Kind = [EMSGSIZE, ENOBUFS, ENOMEM].contains(code) ? .noRoom : code == EPERM ? .notPermitted : .broken
            throw DriverError(kind: kind, errno: code, message: "cannot send \(bytes.count) octets to nf_tables: \(words(of: code))")
        }
    }

    /// Everything that is queued, message by message, until `body` returns false or the queue is empty. Returns false in the latter case.
    func receive(_ body: (UnsafePointer<nlmsghdr>) throws(DriverError) -> Bool) throws(DriverError) -> Bool {
        while true {
            let count = recv(descriptor, inbox.baseAddress, inbox.count, Int32(MSG_DONTWAIT))
            if count < 0 {
                let code = errno
                if code == EINTR { continue }
                if code == EAGAIN { return false }
                let kind: DriverError.Kind = code == ENOBUFS ? .noRoom : .broken
                throw DriverError(kind: kind, errno: code, message: "cannot read from nf_tables: \(words(of: code))")
            }
            guard let start = inbox.baseAddress?.assumingMemoryBound(to: nlmsghdr.self) else { return false }
            var (message, left) = (UnsafePointer(start), Int32(count))
            while mnl_nlmsg_ok(message, left) {
                if try !body(message) { return true }
                message = UnsafePointer(mnl_nlmsg_next(message, &left))
            }
        }
    }

    /// netlink refuses a batch over the socket's send buffer (EMSGSIZE).
    private func makeRoom(for count: Int) throws(DriverError) {
        // 32 octets are the kernel's own margin (netlink_sendmsg).
        let wanted = count + 64
        guard wanted > sendLimit else { return }
        guard let size = Int32(exactly: wanted) else {
            throw DriverError(kind: .noRoom, errno: EMSGSIZE, message: "a batch of \(count) octets is too large for netlink")
        }
        if !set(SOL_SOCKET, SO_SNDBUFFORCE, size) { _ = set(SOL_SOCKET, SO_SNDBUF, size) }
        sendLimit = currentSendBuffer()
        guard wanted <= sendLimit else {
            throw DriverError(
                kind: .noRoom, errno: EMSGSIZE,
                message: """
                    a batch of \(count) octets exceeds the send buffer of \(sendLimit): \
                    run with CAP_NET_ADMIN or raise net.core.wmem_max
                    """)
        }
    }

    private func currentSendBuffer() -> Int {
        var (value, length): (Int32, socklen_t) = (0, socklen_t(MemoryLayout<Int32>.size))
        return getsockopt(descriptor, SOL_SOCKET, SO_SNDBUF, &value, &length) == 0 ? Int(value) : 0
    }

    private func set(_ level: Int32, _ option: Int32, _ value: Int32) -> Bool {
        var value = value
        return setsockopt(descriptor, level, option, &value, socklen_t(MemoryLayout<Int32>.size)) == 0
    }
}

/// The C library's words for an errno value.
func words(of code: Int32) -> String {
    // glibc keeps the text by thread.
    strerror(code).map { String(cString: $0) } ?? "error \(code)"
}
