import Synchronization
import Threads

/// A thread of its own for an actor whose work blocks: netlink transactions must not hold a thread of the shared pool.
public final class ThreadExecutor: SerialExecutor, Sendable {
    private let jobs = JobQueue()
    private let thread: DedicatedThread

    /// The thread lives as long as the process.
    public init(name: String) {
        do {
            thread = try DedicatedThread(named: name) { [jobs] in jobs.work() }
        } catch {
            preconditionFailure("no thread for \(name): errno \(error.errno)")
        }
    }

    public func enqueue(_ job: consuming ExecutorJob) { jobs.append(UnownedJob(job), asUnownedSerialExecutor()) }

    public func checkIsolated() { precondition(thread.isCurrent, "not on the executor's thread") }
}

private final class JobQueue: Sendable {
    private typealias Entry = (job: UnownedJob, executor: UnownedSerialExecutor)
    private let waiting = Mutex<[Entry]>([])
    private let wakeUp = Semaphore()

    func append(_ job: UnownedJob, _ executor: UnownedSerialExecutor) {
        waiting.withLock { $0.append((job, executor)) }
        wakeUp.post()
    }

    func work() {
        while true {
            wakeUp.wait()
            let entries = waiting.withLock { waiting in
                defer { waiting = [] }
                return waiting
            }
            for (job, executor) in entries { job.runSynchronously(on: executor) }
        }
    }
}
