import Synchronization
import Threads

/// A thread of its own for work that blocks, an actor's or other: netlink transactions must not hold a thread of the shared pool.
public final class ThreadExecutor: SerialExecutor, Sendable {
    private let jobs = JobQueue()
    private let thread: DedicatedThread

    /// The thread lives as long as the process. `givesWay`: what it does can wait for those that bring verdicts to the kernel.
    public init(name: String, givesWay: Bool = false) {
        do {
            thread = try DedicatedThread(named: name, niceness: givesWay ? 10 : 0) { [jobs] in jobs.work() }
        } catch {
            preconditionFailure("no thread for \(name): errno \(error.errno)")
        }
    }

    public func enqueue(_ job: consuming ExecutorJob) {
        let (job, executor) = (UnownedJob(job), asUnownedSerialExecutor())
        jobs.append { job.runSynchronously(on: executor) }
    }

    /// Without an actor: one thread may wait for what another one does.
    func perform(_ work: @escaping @Sendable () -> Void) { jobs.append(work) }

    public func checkIsolated() { precondition(thread.isCurrent, "not on the executor's thread") }
}

private final class JobQueue: Sendable {
    private let waiting = Mutex<[@Sendable () -> Void]>([])
    private let wakeUp = Semaphore()

    func append(_ work: @escaping @Sendable () -> Void) {
        waiting.withLock { $0.append(work) }
        wakeUp.post()
    }

    func work() {
        while true {
            wakeUp.wait()
            let entries = waiting.withLock { waiting in
                defer { waiting = [] }
                return waiting
            }
            for work in entries { work() }
        }
    }
}
