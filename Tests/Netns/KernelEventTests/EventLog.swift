import Glibc
import Seams
import TestNamespaces

/// What a monitor has delivered, in order, and a way to wait for more.
final class EventLog: @unchecked Sendable {
    // Everything below is touched with the mutex held.
    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let changed = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
    private var events: [KernelEvent] = []
    private var seen = 0
    private var isHeld = false

    init() {
        pthread_mutex_init(mutex, nil)
        pthread_cond_init(changed, nil)
    }

    deinit {
        pthread_cond_destroy(changed)
        pthread_mutex_destroy(mutex)
        changed.deallocate()
        mutex.deallocate()
    }

    /// The monitor's callback.
    func append(_ batch: [KernelEvent]) {
        locked {
            while isHeld { pthread_cond_wait(changed, mutex) }
            events += batch
            pthread_cond_broadcast(changed)
        }
    }

    /// Makes the monitor's thread wait in its callback until `release`.
    func hold() { locked { isHeld = true } }
    func release() {
        locked {
            isHeld = false
            pthread_cond_broadcast(changed)
        }
    }

    var all: [KernelEvent] { locked { events } }

    /// The first event not yet looked at for which `match` gives a value; those before it count as looked at.
    @discardableResult
    func next<Value>(_ what: String, within seconds: Int = 10, where match: (KernelEvent) -> Value?) throws -> Value {
        var deadline = timespec()
        clock_gettime(CLOCK_REALTIME, &deadline)
        deadline.tv_sec += seconds
        return try locked {
            while true {
                while seen < events.count {
                    seen += 1
                    if let value = match(events[seen - 1]) { return value }
                }
                guard pthread_cond_timedwait(changed, mutex, &deadline) == 0 else {
                    throw TestFault("no \(what) among \(events.count) events, the last \(events.suffix(12))")
                }
            }
        }
    }

    func next(_ event: KernelEvent) throws { try next("\(event)") { $0 == event ? true : nil } }

    private func locked<Value>(_ body: () throws -> Value) rethrows -> Value {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        return try body()
    }
}

extension EventLog {
    func nextLink(_ name: String, isUp: Bool) throws -> LinkState {
        try next("link \(name) \(isUp ? "up" : "down")") { event in
            guard case .link(let link) = event, link.device.name == name, link.isUp == isUp else { return nil }
            return link
        }
    }

    func nextGeneration() throws -> (UInt32, KernelEvent.Author) {
        try next("generation") { event in
            guard case .generation(let number, let author) = event else { return nil }
            return (number, author)
        }
    }
}
