import CLinux
import Glibc
import Synchronization
import Threads

/// Follows a directory of farm files on a thread of its own and says when it should be read again.
///
/// It says so too often rather than too seldom. The directory may be missing, come later, be removed and made again, or be a symbolic
/// link that is turned elsewhere.
public final class FarmWatcher: Sendable {
    private let loop: WatchLoop
    private let thread: Mutex<DedicatedThread?>

    /// Starts to follow. Changes after `init` has returned are reported: read the directory afterwards.
    ///
    /// - Parameters:
    ///   - quiet: how long nothing has to change before it is reported. Reported is at the latest ten times as long after the first change.
    ///   - changed: called on the watcher's thread.
    /// - Throws: when inotify has no room for one more.
    public init(path: String, quiet: Duration = .milliseconds(100), changed: @escaping @Sendable () -> Void) throws(ReadFault) {
        let loop = try WatchLoop(path: path, quiet: quiet, changed: changed)
        self.loop = loop
        do { thread = Mutex(try DedicatedThread(named: "farms.d watch") { loop.run() }) } catch {
            throw ReadFault(path: path, errno: error.errno)
        }
    }

    deinit { stop() }

    /// Follows these files, too, wherever they are, and no others: the lists that policies name. Changes after it has returned are reported.
    public func follow(_ files: Set<String>) { loop.follow(files) }

    /// Ends the thread; nothing is reported after it has returned. May be called more than once.
    public func stop() {
        guard let running = thread.withLock({ $0.take() }) else { return }
        loop.end()
        running.join()
    }
}

/// What the thread runs.
private final class WatchLoop: @unchecked Sendable {
    // After `init` the watcher's thread alone touches all but `wake`, a descriptor that may be written to from anywhere, and what has a
    // lock of its own.
    private let watches: Mutex<DirectoryWatches>
    private let inotify: Int32
    private let changed: @Sendable () -> Void
    private let quiet: Duration
    private let wake: Int32
    private var pending: (first: ContinuousClock.Instant, last: ContinuousClock.Instant)?

    /// How often the path is looked up without an event.
    private static let lookUpInterval = Duration.seconds(2)

    init(path: String, quiet: Duration, changed: @escaping @Sendable () -> Void) throws(ReadFault) {
        (self.quiet, self.changed) = (quiet, changed)
        let watches = try DirectoryWatches(path: path)
        inotify = watches.descriptor
        self.watches = Mutex(watches)
        wake = eventfd(0, Int32(EFD_CLOEXEC))
        guard wake >= 0 else { throw ReadFault(path: path, errno: errno) }
    }

    deinit { if wake >= 0 { close(wake) } }

    func end() { eventfd_write(wake, 1) }

    func follow(_ files: Set<String>) {
        watches.withLock { watches in
            guard watches.followed != files else { return }
            watches.followed = files
            watches.renew()
        }
    }

    func run() {
        var polled = [wake, inotify].map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
        while true {
            let count = poll(&polled, 2, milliseconds(until: deadline))
            if count > 0 && polled[0].revents != 0 { return }
            look()
            if let pending, due(pending) <= .now { report() }
        }
    }

    private func look() {
        let hasChanged = watches.withLock { watches in
            guard watches.takeChanges() || watches.hasMoved() else { return false }
            watches.renew()
            return true
        }
        guard hasChanged else { return }
        pending = (pending?.first ?? .now, .now)
    }

    private func report() {
        pending = nil
        changed()
    }

    private var deadline: ContinuousClock.Instant { pending.map(due) ?? .now + Self.lookUpInterval }

    private func due(_ pending: (first: ContinuousClock.Instant, last: ContinuousClock.Instant)) -> ContinuousClock.Instant {
        min(pending.last + quiet, pending.first + quiet * 10)
    }

    /// Rounded up, so that a deadline has passed when the wait ends.
    private func milliseconds(until instant: ContinuousClock.Instant) -> Int32 {
        let left = ContinuousClock.now.duration(to: instant)
        return Int32(clamping: max(0, Int64(left / .milliseconds(1)) + 1))
    }
}
