import CLinux
import Glibc
import Synchronization

/// A thread of its own for an actor whose work blocks: netlink transactions must not hold a thread of the shared pool.
public final class ThreadExecutor: SerialExecutor, Sendable {
    private struct Queue: ~Copyable {
        var jobs: [UnownedJob] = []
    }
    private let queue = Mutex(Queue())
    private let wakeUp: Semaphore
    private let thread = Mutex<pthread_t?>(nil)

    /// The thread lives as long as the process.
    public init(name: String) {
        wakeUp = Semaphore()
        let start = Unmanaged.passRetained(Start(executor: self, name: name))
        var created = pthread_t()
        let result = pthread_create(&created, nil, { argument in
            guard let argument else { return nil }
            let start = Unmanaged<Start>.fromOpaque(argument).takeRetainedValue()
            _ = clinux_name_thread(start.name)
            start.executor.thread.withLock { $0 = pthread_self() }
            start.executor.work()
        }, start.toOpaque())
        precondition(result == 0, "no thread for \(name): \(String(cString: strerror(result)))")
    }

    public func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        queue.withLock { $0.jobs.append(job) }
        wakeUp.post()
    }

    public func checkIsolated() {
        precondition(thread.withLock { $0.map { pthread_equal($0, pthread_self()) != 0 } ?? false }, "not on the executor's thread")
    }

    private func work() -> Never {
        while true {
            wakeUp.wait()
            let jobs = queue.withLock { queue in
                defer { queue.jobs = [] }
                return queue.jobs
            }
            for job in jobs { job.runSynchronously(on: asUnownedSerialExecutor()) }
        }
    }

    private final class Start {
        let executor: ThreadExecutor
        let name: String
        init(executor: ThreadExecutor, name: String) { (self.executor, self.name) = (executor, name) }
    }
}

/// `sem_t` with a fixed address.
///
/// `@unchecked Sendable`: POSIX semaphores are made for use by many threads, and the pointer never changes.
private final class Semaphore: @unchecked Sendable {
    private let semaphore = UnsafeMutablePointer<sem_t>.allocate(capacity: 1)

    init() { sem_init(semaphore, 0, 0) }
    deinit {
        sem_destroy(semaphore)
        semaphore.deallocate()
    }

    func post() { sem_post(semaphore) }
    func wait() { while sem_wait(semaphore) != 0 {} }
}
