import CLinux
import CNetfilter
import Glibc
import Seams

/// A netlink socket with its receive buffer, in the network namespace of the thread that opened it. Used by one thread at a time.
final class NetlinkSocket {
    enum Received {
        case datagram(UnsafeRawBufferPointer)
        /// Nothing waits.
        case empty
        /// The kernel dropped messages (ENOBUFS), or one was larger than the buffer.
        case overrun
    }

    /// The kernel fills dumps up to 32 KiB, or up to what the reader offered before.
    private static let datagramBytes = 65_536
    let descriptor: Int32
    private let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: datagramBytes, alignment: 8)
    private var sequence: UInt32 = 0

    /// - Parameter receiveBytes: what the kernel may queue for us.
    init(_ family: Int32, receiveBytes: Int) throws(DriverError) {
        descriptor = socket(AF_NETLINK, Int32(SOCK_RAW.rawValue) | Int32(SOCK_CLOEXEC.rawValue), family)
        guard descriptor >= 0 else { throw .failed("open a netlink socket", errno) }
        // FORCE needs CAP_NET_ADMIN; without it the plain option gives as much as the host's limit allows.
        if (try? set(SOL_SOCKET, SO_RCVBUFFORCE, Int32(receiveBytes))) == nil { try set(SOL_SOCKET, SO_RCVBUF, Int32(receiveBytes)) }
    }

    deinit {
        close(descriptor)
        buffer.deallocate()
    }

    func set<Value: BitwiseCopyable>(_ level: Int32, _ option: Int32, _ value: Value) throws(DriverError) {
        let result = withUnsafePointer(to: value) { setsockopt(descriptor, level, option, $0, socklen_t(MemoryLayout<Value>.size)) }
        guard result == 0 else { throw .failed("set option \(option) of a netlink socket", errno) }
    }

    /// Lets the kernel choose the port id: a fixed one may be taken (EADDRINUSE).
    func bind(to groups: [Int32] = []) throws(DriverError) {
        var address = sockaddr_nl()
        address.nl_family = sa_family_t(AF_NETLINK)
        let result = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { Glibc.bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_nl>.size)) }
        }
        guard result == 0 else { throw .failed("bind a netlink socket", errno) }
        for group in groups { try set(SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, group) }
    }

    func nextSequence() -> UInt32 {
        sequence &+= 1
        return sequence
    }

    func send(_ bytes: UnsafeRawBufferPointer) throws(DriverError) {
        while Glibc.send(descriptor, bytes.baseAddress, bytes.count, 0) < 0 {
            guard errno == EINTR else { throw .failed("send to the kernel", errno) }
        }
    }

    /// Takes one datagram; its bytes stay until the next call.
    func receive(waiting: Bool) throws(DriverError) -> Received {
        var sender = sockaddr_nl()
        let flags = Int32(MSG_TRUNC) | (waiting ? 0 : Int32(MSG_DONTWAIT))
        while true {
            let count = receive(from: &sender, flags)
            if count >= 0 {
                // Port 0 is the kernel; a privileged process could send to us too.
                guard sender.nl_pid == 0 else { continue }
                guard count <= buffer.count else { return .overrun }
                return .datagram(UnsafeRawBufferPointer(rebasing: buffer.prefix(count)))
            }
            switch errno {
            case EINTR: continue
            case EAGAIN: return .empty
            case ENOBUFS: return .overrun
            default: throw .failed("receive from the kernel", errno)
            }
        }
    }

    private func receive(from sender: inout sockaddr_nl, _ flags: Int32) -> Int {
        var length = socklen_t(MemoryLayout<sockaddr_nl>.size)
        return withUnsafeMutablePointer(to: &sender) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                recvfrom(descriptor, buffer.baseAddress, buffer.count, flags, $0, &length)
            }
        }
    }
}
