import CLinux
import Glibc

/// A thread for work that blocks, with every signal blocked: those are the daemon's to take.
public struct DedicatedThread: @unchecked Sendable {
    // The handle is a number that is only given to join; pthread functions may be called with it from any thread.
    private let handle: pthread_t

    /// Why no thread could be made: errno of pthread_create(3).
    public struct Fault: Error, Sendable, Equatable {
        public let errno: Int32
    }

    /// Runs `work` to its end. `name`: at most 15 characters, as `ps -L` shows it. `niceness`: 0–19, what it leaves to other threads where
    /// CPUs are short.
    public init(named name: String, niceness: Int32 = 0, _ work: @escaping @Sendable () -> Void) throws(Fault) {
        let job = Unmanaged.passRetained(Job(name: name, niceness: niceness, work: work))
        var created = pthread_t()
        var (all, before) = (sigset_t(), sigset_t())
        sigfillset(&all)
        pthread_sigmask(SIG_SETMASK, &all, &before)
        let code = pthread_create(&created, nil, { Job.run($0) }, job.toOpaque())
        pthread_sigmask(SIG_SETMASK, &before, nil)
        guard code == 0 else {
            job.release()
            throw Fault(errno: code)
        }
        handle = created
    }

    /// Waits for the end; from the thread itself it lets go instead.
    public func join() {
        if isCurrent { detach() } else { pthread_join(handle, nil) }
    }

    /// Nobody will wait for the end.
    public func detach() { pthread_detach(handle) }

    public var isCurrent: Bool { pthread_equal(handle, pthread_self()) != 0 }

    private final class Job: Sendable {
        let name: String
        let niceness: Int32
        let work: @Sendable () -> Void

        init(name: String, niceness: Int32, work: @escaping @Sendable () -> Void) {
            (self.name, self.niceness, self.work) = (name, niceness, work)
        }

        static func run(_ pointer: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
            guard let pointer else { return nil }
            let job = Unmanaged<Job>.fromOpaque(pointer).takeRetainedValue()
            // A refused name is only missed in listings.
            _ = clinux_name_thread(job.name)
            // In Linux it is the thread's own. Refused, it is as all others are.
            if job.niceness > 0 { _ = setpriority(Int32(PRIO_PROCESS.rawValue), 0, job.niceness) }
            job.work()
            return nil
        }
    }
}
