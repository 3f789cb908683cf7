import CLinux
import CNetfilter
import Glibc
import Seams
import Synchronization
import Threads

/// Follows nf_tables generations, links, neighbours, addresses and routes on a thread of its own.
///
/// The sockets belong to the network namespace of the thread that calls `init`. What happens after `init` has returned is reported,
/// so that a caller who reads the present state afterwards misses nothing.
public final class KernelMonitor: TableNotices {
    private let loop: EventLoop
    private let tables: Int32
    private let thread: Mutex<DedicatedThread?>

    /// Starts to follow.
    ///
    /// - Parameters:
    ///   - receiveBytes: what the kernel may queue for each source before it reports an overrun.
    ///   - deliver: called on the monitor's thread at once, with the events in order and never with none; it should return soon.
    /// - Throws: `DriverError`, when a socket cannot be opened.
    public init(receiveBytes: Int = 8 << 20, deliver: @escaping @Sendable ([KernelEvent]) -> Void) throws(DriverError) {
        let notices = try GenerationEvents.socket(receiveBytes: receiveBytes)
        tables = notices.descriptor
        let sources = [
            EventSource(.tables, notices, decode: GenerationEvents.decode),
            EventSource(.network, try RouteEvents.socket(receiveBytes: receiveBytes), decode: RouteEvents.decode),
        ]
        let loop = try EventLoop(sources: sources, deliver: deliver)
        self.loop = loop
        do { thread = Mutex(try DedicatedThread(named: "netlink events") { loop.run() }) } catch {
            throw .failed("start a thread", error.errno)
        }
    }

    deinit { stop() }

    /// Joins or leaves the kernel's group of nf_tables notices; a change made meanwhile goes unnoticed.
    public func follow(_ isOn: Bool) throws(DriverError) {
        let group = Int32(NFNLGRP_NFTABLES.rawValue)
        let option = isOn ? NETLINK_ADD_MEMBERSHIP : NETLINK_DROP_MEMBERSHIP
        let result = withUnsafePointer(to: group) { setsockopt(tables, SOL_NETLINK, option, $0, socklen_t(MemoryLayout<Int32>.size)) }
        guard result == 0 else { throw .failed("\(isOn ? "join" : "leave") the group of nf_tables notices", errno) }
    }

    /// Ends the thread; no event is delivered after it has returned. May be called more than once.
    public func stop() {
        guard let running = thread.withLock({ $0.take() }) else { return }
        loop.end()
        running.join()
    }
}

/// What the thread runs.
private final class EventLoop: @unchecked Sendable {
    // The sources are touched by the monitor's thread alone, from its start to its end.
    private let sources: [EventSource]
    private let deliver: @Sendable ([KernelEvent]) -> Void
    private let wake: Int32

    init(sources: [EventSource], deliver: @escaping @Sendable ([KernelEvent]) -> Void) throws(DriverError) {
        (self.sources, self.deliver) = (sources, deliver)
        wake = eventfd(0, Int32(EFD_CLOEXEC))
        guard wake >= 0 else { throw .failed("make an event descriptor", errno) }
    }

    deinit { if wake >= 0 { close(wake) } }

    func end() { eventfd_write(wake, 1) }

    func run() {
        var polled = (sources.map(\.socket.descriptor) + [wake]).map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
        while true {
            let ready = poll(&polled, nfds_t(polled.count), -1)
            guard ready > 0 else { continue }
            if polled[sources.count].revents != 0 { return }
            for (source, descriptor) in zip(sources, polled) where descriptor.revents != 0 {
                let events = source.drain()
                if !events.isEmpty { deliver(events) }
            }
        }
    }
}
