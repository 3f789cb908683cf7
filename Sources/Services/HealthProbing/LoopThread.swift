import CLinux
import HealthPolicy

#if canImport(Glibc)
    import Glibc
#endif

/// A POSIX thread for work that blocks.
enum LoopThread {
    /// - Parameter name: at most 15 characters, as shown by `ps -L`.
    static func start(named name: String, _ work: @escaping @Sendable () -> Void) throws(ProbingFault) {
        let job = Unmanaged.passRetained(Job(name: name, work: work))
        var thread = pthread_t()
        let fault = pthread_create(&thread, nil, { Job.run($0) }, job.toOpaque())
        guard fault == 0 else {
            job.release()
            throw ProbingFault(operation: "pthread_create", errno: fault)
        }
        pthread_detach(thread)
    }

    private final class Job: Sendable {
        let name: String
        let work: @Sendable () -> Void

        init(name: String, work: @escaping @Sendable () -> Void) { (self.name, self.work) = (name, work) }

        static func run(_ pointer: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
            guard let pointer else { return nil }
            let job = Unmanaged<Job>.fromOpaque(pointer).takeRetainedValue()
            // A refused name is only missed in listings.
            _ = clinux_name_thread(job.name)
            job.work()
            return nil
        }
    }
}

extension MonotonicInstant {
    /// CLOCK_MONOTONIC now.
    public static var now: MonotonicInstant {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return MonotonicInstant(nanoseconds: Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec))
    }
}
