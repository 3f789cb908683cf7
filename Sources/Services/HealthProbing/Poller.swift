import CLinux

#if canImport(Glibc)
    import Glibc
#endif

/// An epoll instance with a bell to wake it from other threads.
///
/// Sendable: both descriptors are constant, and epoll_ctl, epoll_wait and writing to an eventfd may be called from any thread.
final class Poller: Sendable {
    /// What an event belongs to.
    enum Token: Equatable {
        /// The probe of a target, and which of its probes.
        case probe(number: Int, serial: UInt32)
        /// A socket that one probe after the other begins from, and when it was added: a number below 2³¹. A program that is being started
        /// holds what we have closed for a moment longer, and its descriptor may be another socket's by then.
        case lent(Int32, added: UInt32)
        case bell

        /// A number below 2³¹, beside 32 bits.
        fileprivate var bits: UInt64 {
            switch self {
            case .probe(let number, let serial): UInt64(number) << 32 | UInt64(serial)
            case .lent(let descriptor, let added): 1 << 63 | UInt64(added) << 32 | UInt64(UInt32(bitPattern: descriptor))
            case .bell: .max
            }
        }

        fileprivate init(_ bits: UInt64) {
            switch bits {
            case .max: self = .bell
            case (1 << 63)...: self = .lent(Int32(truncatingIfNeeded: bits), added: UInt32(truncatingIfNeeded: bits >> 32) & 0x7FFF_FFFF)
            default: self = .probe(number: Int(bits >> 32), serial: UInt32(truncatingIfNeeded: bits))
            }
        }
    }
    static let batch = 256

    private let epoll: Int32
    private let bell: Int32

    init() throws(ProbingFault) {
        epoll = epoll_create1(Int32(EPOLL_CLOEXEC))
        guard epoll >= 0 else { throw ProbingFault(operation: "epoll_create1", errno: errno) }
        bell = eventfd(0, Int32(EFD_CLOEXEC) | Int32(EFD_NONBLOCK))
        guard bell >= 0 else {
            let fault = ProbingFault(operation: "eventfd", errno: errno)
            close(epoll)
            throw fault
        }
        let fault = add(bell, token: .bell)
        guard fault == 0 else {
            close(bell)
            close(epoll)
            throw ProbingFault(operation: "epoll_ctl", errno: fault)
        }
    }

    deinit {
        close(bell)
        close(epoll)
    }

    /// Edge-triggered for reading and writing, until the descriptor is closed. 0, or the errno.
    func add(_ descriptor: Int32, token: Token) -> Int32 {
        var event = epoll_event(events: Self.interest, data: epoll_data_t(u64: token.bits))
        return epoll_ctl(epoll, EPOLL_CTL_ADD, descriptor, &event) == 0 ? 0 : errno
    }

    private static let interest = EPOLLIN.rawValue | EPOLLOUT.rawValue | EPOLLRDHUP.rawValue | EPOLLET.rawValue

    func ring() {
        // Fails only when the counter is full, and then the bell is ringing.
        _ = eventfd_write(bell, 1)
    }

    /// Waits for at most `nanoseconds` (nil: for ever) and gives what is ready.
    func wait(_ nanoseconds: Int64?, into ready: inout [Readiness]) {
        ready.removeAll(keepingCapacity: true)
        withUnsafeTemporaryAllocation(of: epoll_event.self, capacity: Self.batch) { events in
            let count = poll(events, nanoseconds: nanoseconds)
            // Interrupted is like nothing ready: the loop looks at the clock and waits again.
            guard count > 0 else { return }
            for event in events.prefix(Int(count)) {
                let token = Token(event.data.u64)
                if token == .bell { silenceBell() } else { ready.append(Readiness(token: token, bits: event.events)) }
            }
        }
    }

    private func poll(_ events: UnsafeMutableBufferPointer<epoll_event>, nanoseconds: Int64?) -> Int32 {
        guard let nanoseconds else { return epoll_wait(epoll, events.baseAddress, Int32(events.count), -1) }
        var limit = timespec(tv_sec: Int(nanoseconds / 1_000_000_000), tv_nsec: Int(nanoseconds % 1_000_000_000))
        return epoll_pwait2(epoll, events.baseAddress, Int32(events.count), &limit, nil)
    }

    private func silenceBell() {
        var count = eventfd_t()
        _ = eventfd_read(bell, &count)
    }
}

/// A descriptor about which the kernel has news.
struct Readiness {
    let token: Poller.Token
    let bits: UInt32

    var isFaulted: Bool { bits & (EPOLLERR.rawValue | EPOLLHUP.rawValue) != 0 }
    var isClosing: Bool { bits & (EPOLLRDHUP.rawValue | EPOLLHUP.rawValue) != 0 }
    var isWritable: Bool { bits & EPOLLOUT.rawValue != 0 }
    var isReadable: Bool { bits & (EPOLLIN.rawValue | EPOLLRDHUP.rawValue | EPOLLHUP.rawValue | EPOLLERR.rawValue) != 0 }
}
