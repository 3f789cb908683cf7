import CLinux
import Glibc

/// An edge-triggered epoll loop. SIGINT and SIGTERM end it in good order, so that an interrupted run still reports.
final class Poller {
    struct Ready {
        let descriptor: Int32
        let flags: UInt32
        var isReadable: Bool { flags & (EPOLLIN.rawValue | EPOLLHUP.rawValue | EPOLLERR.rawValue) != 0 }
        var isWritable: Bool { flags & EPOLLOUT.rawValue != 0 }
    }

    private let epoll: Int32
    private let signals: Int32
    private var events = [epoll_event](repeating: epoll_event(), count: 512)
    private(set) var stopRequested = false

    init() throws {
        epoll = try checked("epoll_create1", epoll_create1(Int32(EPOLL_CLOEXEC)))
        var mask = sigset_t()
        sigemptyset(&mask)
        sigaddset(&mask, SIGINT)
        sigaddset(&mask, SIGTERM)
        sigprocmask(SIG_BLOCK, &mask, nil)
        signals = try checked("signalfd", signalfd(-1, &mask, Int32(SFD_CLOEXEC)))
        try add(signals)
        signal(SIGPIPE, SIG_IGN)
    }

    deinit {
        close(signals)
        close(epoll)
    }

    /// Closing the descriptor takes it out again.
    func add(_ descriptor: Int32) throws {
        var event = epoll_event()
        event.events = EPOLLIN.rawValue | EPOLLOUT.rawValue | EPOLLET.rawValue
        event.data.fd = descriptor
        try checked("epoll_ctl", epoll_ctl(epoll, EPOLL_CTL_ADD, descriptor, &event))
    }

    /// What became ready until `deadline`, or for ever if there is none.
    func wait(until deadline: Monotonic?) throws -> [Ready] {
        let count = deadline.map { waitBriefly(until: $0) } ?? epoll_wait(epoll, &events, Int32(events.count), -1)
        guard count >= 0 else {
            if errno == EINTR { return [] }
            throw SystemCallFailure("epoll_wait")
        }
        let ready = events.prefix(Int(count)).map { Ready(descriptor: $0.data.fd, flags: $0.events) }
        if ready.contains(where: { $0.descriptor == signals }) { stopRequested = true }
        return ready.filter { $0.descriptor != signals }
    }

    private func waitBriefly(until deadline: Monotonic) -> Int32 {
        let span = max(0, (deadline - .now()).nanoseconds)
        // Nanoseconds, not epoll_wait's milliseconds: at 1 000 starts a second a rounded wait would start them in clumps.
        var timeout = timespec(tv_sec: Int(span / 1_000_000_000), tv_nsec: Int(span % 1_000_000_000))
        return epoll_pwait2(epoll, &events, Int32(events.count), &timeout, nil)
    }
}
