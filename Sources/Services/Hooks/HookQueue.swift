import CLinux
import ControlAPI
import Glibc
import Synchronization

/// Events that wait for a hook: never more than the bound, and putting one in never waits.
final class HookQueue: Sendable {
    private struct State {
        var events: [EventView] = []
        var dropped = 0
        var isClosed = false
    }

    private let state = Mutex(State())
    private let bound: Int
    /// Counts events, so that as many takers wake up.
    private let semaphore: Int32

    init(bound: Int) {
        self.bound = bound
        semaphore = eventfd(0, Int32(EFD_CLOEXEC) | Int32(EFD_SEMAPHORE))
        precondition(semaphore >= 0, "an event descriptor at the start of the daemon")
    }

    deinit { Glibc.close(semaphore) }

    var dropped: Int { state.withLock { $0.dropped } }

    /// The newest is dropped when the queue is full: what is told stays a gapless beginning.
    func put(_ event: EventView) {
        let isTaken = state.withLock { state in
            guard !state.isClosed, state.events.count < bound else {
                state.dropped += 1
                return false
            }
            state.events.append(event)
            return true
        }
        if isTaken { eventfd_write(semaphore, 1) }
    }

    /// Waits for the next event; nil once the queue is closed.
    func take() -> EventView? {
        var count: eventfd_t = 0
        while eventfd_read(semaphore, &count) != 0 {}
        return state.withLock { state in
            guard !state.isClosed, !state.events.isEmpty else { return nil }
            return state.events.removeFirst()
        }
    }

    /// What waits is dropped; `takers` are woken.
    func close(takers: Int) {
        state.withLock { state in
            state.isClosed = true
            state.dropped += state.events.count
            state.events = []
        }
        eventfd_write(semaphore, eventfd_t(takers))
    }
}
