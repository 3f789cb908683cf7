import CLinux
import CNetfilter
import Glibc
import NetTypes
import Seams
import Synchronization

/// What the ledger's thread runs.
final class LedgerLoop: @unchecked Sendable {
    // `follow` touches the notices' socket from other threads, to join and leave groups only, which the kernel serializes; all else of what
    // is not behind `shared` is touched by the ledger's thread alone, from its start to its end.
    private let notices: NetlinkSocket
    private let requests: NetlinkSocket
    private let wake: Int32
    private let shared = Mutex(Shared())
    private var rhythm = WalkRhythm()
    private var nextWalk: ContinuousClock.Instant?
    private var lastWalk = ContinuousClock.now
    private var hasLost = false

    private struct Shared {
        var book = LedgerBook()
        var wanted: Set<IPAddress> = []
        var isToRestart = false
        var isToEnd = false
        var isKnown = false
        var fault: DriverError?
        var effort = LedgerEffort()
    }

    /// Notices are taken together after this long rather than one by one: nobody looks more often.
    private static let gathering: Int32 = 20
    /// Datagrams taken before the lock is let go.
    private static let batch = 256
    private static let pauseAfterFault: Duration = .seconds(1)

    init(receiveBytes: Int) throws(DriverError) {
        notices = try ConntrackNotices.socket(receiveBytes: receiveBytes)
        requests = try NetlinkSocket.forRequests(NETLINK_NETFILTER)
        let descriptor = eventfd(0, Int32(EFD_CLOEXEC) | Int32(EFD_NONBLOCK))
        guard descriptor >= 0 else { throw .failed("make an event descriptor", errno) }
        wake = descriptor
    }

    deinit { close(wake) }

    func follow(_ addresses: Set<IPAddress>) throws(DriverError) {
        let before = shared.withLock { $0.wanted }
        guard before != addresses else { return }
        if before.isEmpty != addresses.isEmpty { try ConntrackNotices.follow(!addresses.isEmpty, notices) }
        shared.withLock { ($0.wanted, $0.isToRestart, $0.isKnown) = (addresses, true, false) }
        eventfd_write(wake, 1)
    }

    func reading() throws(DriverError) -> [ConnectionTarget: ConnectionTally]? {
        let (tallies, fault) = shared.withLock { ($0.isKnown ? $0.book.reading() : nil, $0.fault) }
        if tallies == nil, let fault { throw fault }
        return tallies
    }

    var effort: LedgerEffort { shared.withLock { $0.effort } }

    func end() {
        shared.withLock { $0.isToEnd = true }
        eventfd_write(wake, 1)
    }

    func run() {
        while true {
            wait()
            let (isToEnd, isToRestart) = shared.withLock { ($0.isToEnd, $0.isToRestart) }
            if isToEnd { return }
            if isToRestart { restart() }
            drain()
            if let nextWalk, nextWalk <= .now { walk(areNews: true) }
        }
    }

    /// Until somebody calls, the next walk is due, or notices have come and had time to gather.
    private func wait() {
        var polled = [
            pollfd(fd: wake, events: Int16(POLLIN), revents: 0), pollfd(fd: notices.descriptor, events: Int16(POLLIN), revents: 0),
        ]
        poll(&polled, 2, milliseconds(until: nextWalk))
        if polled[0].revents == 0, polled[1].revents != 0 { poll(&polled, 1, Self.gathering) }
        var calls: eventfd_t = 0
        if polled[0].revents != 0 { eventfd_read(wake, &calls) }
    }

    private func milliseconds(until instant: ContinuousClock.Instant?) -> Int32 {
        guard let instant else { return -1 }
        return Int32(max(0, min(((instant - .now) / .milliseconds(1)).rounded(.up), 60_000)))
    }

    private func restart() {
        while case .datagram? = try? notices.receive(waiting: false) {}
        hasLost = false
        rhythm = WalkRhythm()
        let addresses = shared.withLock { shared in
            shared.book.restart(shared.wanted)
            (shared.isToRestart, shared.fault) = (false, nil)
            return shared.wanted
        }
        nextWalk = nil
        if !addresses.isEmpty { walk(areNews: false) }
    }
}

extension LedgerLoop {
    /// Everything that waits. After a loss the kernel drops further notices until the queue is empty (NETLINK_S_CONGESTED), so that the
    /// rest says nothing and the walk begins when it is gone.
    private func drain() {
        var taken: [ConntrackNotices.Notice] = []
        while true {
            switch received() {
            case .datagram(let bytes):
                if !hasLost { taken += NetlinkMessages(bytes).compactMap(ConntrackNotices.decode) }
                if taken.count >= Self.batch { enter(&taken) }
            case .overrun:
                if !hasLost { noteLoss() }
            case .empty:
                enter(&taken)
                if hasLost { nextWalk = max(.now, lastWalk + rhythm.pauseWhenLost) }
                hasLost = false
                return
            }
        }
    }

    private func received() -> NetlinkSocket.Received {
        do { return try notices.receive(waiting: false) } catch { return .overrun }
    }

    private func enter(_ taken: inout [ConntrackNotices.Notice]) {
        guard !taken.isEmpty else { return }
        shared.withLock { shared in
            for notice in taken { shared.book.take(notice) }
            shared.effort.notices += taken.count
        }
        taken.removeAll(keepingCapacity: true)
    }

    private func noteLoss() {
        hasLost = true
        shared.withLock { shared in
            shared.isKnown = false
            shared.effort.losses += 1
        }
    }

    /// Reads the table, then what the kernel announced meanwhile: each notice is true whenever it comes, and the last one counts.
    private func walk(areNews: Bool) {
        let start = ContinuousClock.now
        do {
            let found = try living()
            shared.withLock { shared in
                shared.book.replace(with: found, areNews: areNews)
                (shared.isKnown, shared.fault) = (!shared.isToRestart, nil)
                shared.effort.walks += 1
            }
            lastWalk = .now
            nextWalk = nil
            drain()
            let (unnoticed, count) = shared.withLock { ($0.book.unexplainedCount, $0.book.liveCount) }
            rhythm.walked(for: lastWalk - start, unnoticed: unnoticed, of: count)
            nextWalk = nextWalk ?? lastWalk + rhythm.pause
        } catch {
            shared.withLock { ($0.fault, $0.isKnown) = (error, false) }
            nextWalk = .now + Self.pauseAfterFault
        }
    }

    private func living() throws(DriverError) -> [UInt32: ConnectionTarget] {
        let addresses = shared.withLock { $0.book.addresses }
        var found: [UInt32: ConnectionTarget] = [:]
        try ConntrackWalk.living(requests) { message, entry in
            guard addresses.contains(entry.listener.address), let id = message.conntrackID else { return }
            found[id] = entry.target
        }
        return found
    }
}
