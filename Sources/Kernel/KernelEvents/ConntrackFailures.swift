import CLinux
import CNetfilter
import Glibc
import NetTypes
import Seams
import Synchronization
import Threads

/// Watches for connections that came to nothing, on a thread of its own.
///
/// Refused: the kernel kills an entry whose only answer is a reset at once (nf_conntrack_proto_tcp.c) and announces its end; a filter keeps
/// the ends of all connections that had an answer out of our queue, so that a sound farm costs nothing. Not answered: nothing is announced
/// for two minutes, so that entries without an answer are read, sorted out by the kernel (CTA_STATUS), once a second; one that is met twice
/// counts.
public final class ConntrackFailures: ConnectionFailures {
    private let loop: FailureLoop
    private let thread: Mutex<DedicatedThread?>

    /// Watches nothing yet. The sockets belong to the network namespace of the thread that calls.
    /// - Throws: `DriverError`, when a socket cannot be opened.
    public init() throws(DriverError) {
        let loop = try FailureLoop()
        self.loop = loop
        do { thread = Mutex(try DedicatedThread(named: "conntrack fails") { loop.run() }) } catch {
            throw .failed("start a thread", error.errno)
        }
    }

    deinit { stop() }

    public func watch(_ addresses: Set<IPAddress>) throws(DriverError) { try loop.watch(addresses) }

    public func take() throws(DriverError) -> [ConnectionTarget: FailureTally] { try loop.take() }

    /// Ends the thread. May be called more than once.
    public func stop() {
        guard let running = thread.withLock({ $0.take() }) else { return }
        loop.end()
        running.join()
    }
}

private final class FailureLoop: @unchecked Sendable {
    // `watch` touches the notices' socket from other threads, to join and leave a group only, which the kernel serializes; all else of what
    // is not behind `shared` is touched by the loop's thread alone.
    private let notices: NetlinkSocket
    private let requests: NetlinkSocket
    private let wake: Int32
    private let shared = Mutex(Shared())
    private var unanswered = UnansweredBook()
    private var nextWalk = ContinuousClock.now

    private struct Shared {
        var wanted: Set<IPAddress> = []
        var tallies: [ConnectionTarget: FailureTally] = [:]
        var fault: DriverError?
        var isToEnd = false
    }

    private static let pause: Duration = .seconds(1)

    init() throws(DriverError) {
        notices = try NetlinkSocket(NETLINK_NETFILTER, receiveBytes: 4 << 20)
        try Self.filter.attach(to: notices)
        try notices.bind()
        requests = try NetlinkSocket.forRequests(NETLINK_NETFILTER)
        let descriptor = eventfd(0, Int32(EFD_CLOEXEC) | Int32(EFD_NONBLOCK))
        guard descriptor >= 0 else { throw .failed("make an event descriptor", errno) }
        wake = descriptor
    }

    deinit { close(wake) }

    /// Ends of translated connections that had no answer.
    private static var filter: SocketFilter {
        let attributes = UInt32(MemoryLayout<nlmsghdr>.size + MemoryLayout<nfgenmsg>.size)
        var filter = SocketFilter()
        filter.findAttribute(CTA_STATUS.rawValue, from: attributes)
        filter.ifEqual(0, .leave)
        filter.copyToIndex()
        filter.loadWord(behindIndex: 4)
        filter.ifAny(of: IPS_SEEN_REPLY.rawValue | IPS_ASSURED.rawValue, .leave)
        filter.ifAny(of: IPS_DST_NAT.rawValue, .take, else: .leave)
        return filter
    }

    func watch(_ addresses: Set<IPAddress>) throws(DriverError) {
        let before = shared.withLock { $0.wanted }
        guard before != addresses else { return }
        if before.isEmpty != addresses.isEmpty {
            let option = addresses.isEmpty ? NETLINK_DROP_MEMBERSHIP : NETLINK_ADD_MEMBERSHIP
            // Since Linux 5.19 an entry that was made while nobody listened for new ones announces nothing, not even its end.
            for group in [NFNLGRP_CONNTRACK_DESTROY] { try notices.set(SOL_NETLINK, option, Int32(group.rawValue)) }
        }
        shared.withLock { ($0.wanted, $0.tallies) = (addresses, [:]) }
        eventfd_write(wake, 1)
    }

    func take() throws(DriverError) -> [ConnectionTarget: FailureTally] {
        let (tallies, fault) = shared.withLock { shared in
            defer { if shared.fault == nil { shared.tallies = [:] } }
            return (shared.tallies, shared.fault)
        }
        if let fault { throw fault }
        return tallies
    }

    func end() {
        shared.withLock { $0.isToEnd = true }
        eventfd_write(wake, 1)
    }

    func run() {
        while !shared.withLock({ $0.isToEnd }) {
            wait()
            hear()
            let wanted = shared.withLock { $0.wanted }
            guard !wanted.isEmpty, nextWalk <= .now else { continue }
            walk(wanted)
            nextWalk = .now + Self.pause
        }
    }

    private func wait() {
        var polled = [
            pollfd(fd: wake, events: Int16(POLLIN), revents: 0), pollfd(fd: notices.descriptor, events: Int16(POLLIN), revents: 0),
        ]
        let isWatching = shared.withLock { !$0.wanted.isEmpty }
        let left = max(0, min((nextWalk - .now) / .milliseconds(1), 1_000))
        poll(&polled, 2, isWatching ? Int32(left.rounded(.up)) : -1)
        var calls: eventfd_t = 0
        if polled[0].revents != 0 { eventfd_read(wake, &calls) }
    }

    /// What was lost is not known to have failed: nothing is held against anybody for it.
    private func hear() {
        while true {
            guard let received = try? notices.receive(waiting: false) else { return }
            switch received {
            case .datagram(let bytes): for message in NetlinkMessages(bytes) { take(message) }
            case .overrun: continue
            case .empty: return
            }
        }
    }

    private func take(_ message: NetlinkMessage) {
        guard let entry = ConntrackEntry(message), entry.transport == .tcp, entry.protocolState == UInt8(TCP_CONNTRACK_CLOSE.rawValue) else {
            return
        }
        count(entry) { $0.refused += 1 }
    }

    private func count(_ entry: ConntrackEntry, _ change: (inout FailureTally) -> Void) {
        shared.withLock { shared in
            guard shared.wanted.contains(entry.listener.address) else { return }
            change(&shared.tallies[entry.target, default: FailureTally()])
        }
    }

    private func walk(_ wanted: Set<IPAddress>) {
        do {
            var found: [UInt32: ConntrackEntry] = [:]
            try ConntrackWalk.dump(
                narrowed: ConntrackSelection.unrepliedDump(), whole: ConntrackSelection.dump(family: nil), requests
            ) { message in
                guard let entry = ConntrackEntry(message), let id = message.conntrackID, entry.hasNoAnswer,
                    wanted.contains(entry.listener.address)
                else { return }
                found[id] = entry
            }
            for entry in unanswered.look(found) { count(entry) { $0.unanswered += 1 } }
            shared.withLock { $0.fault = nil }
        } catch {
            shared.withLock { $0.fault = error }
        }
    }
}

/// Entries without an answer as the last look met them, and whether they have been counted.
private struct UnansweredBook {
    private static let capacity = 100_000
    private var known: [UInt32: Bool] = [:]

    /// Those that were met before and count now.
    mutating func look(_ found: [UInt32: ConntrackEntry]) -> [ConntrackEntry] {
        var next: [UInt32: Bool] = [:]
        var failed: [ConntrackEntry] = []
        for (id, entry) in found {
            guard next.count < Self.capacity else { break }
            next[id] = known[id] != nil
            if known[id] == false { failed.append(entry) }
        }
        known = next
        return failed
    }
}

extension ConntrackEntry {
    fileprivate var hasNoAnswer: Bool {
        isTranslated && transport == .tcp && status & (IPS_SEEN_REPLY.rawValue | IPS_ASSURED.rawValue) == 0
            && protocolState == UInt8(TCP_CONNTRACK_SYN_SENT.rawValue)
    }
}
