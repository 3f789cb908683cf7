import Glibc

/// A thread that runs one function to its end, with every signal blocked: those are the daemon's to take.
struct WatchThread: @unchecked Sendable {
    // The handle is a number that is only given to join; pthread functions may be called with it from any thread.
    private let handle: pthread_t

    init?(_ run: @escaping @Sendable () -> Void) {
        let body = Unmanaged.passRetained(Body(run))
        var created = pthread_t()
        var all = sigset_t()
        var before = sigset_t()
        sigfillset(&all)
        pthread_sigmask(SIG_SETMASK, &all, &before)
        let code = pthread_create(&created, nil, { context in
            if let context { Unmanaged<Body>.fromOpaque(context).takeRetainedValue().run() }
            return nil
        }, body.toOpaque())
        pthread_sigmask(SIG_SETMASK, &before, nil)
        guard code == 0 else {
            body.release()
            return nil
        }
        handle = created
    }

    /// Waits for the end; from the thread itself it lets go instead.
    func join() {
        if pthread_equal(handle, pthread_self()) != 0 { pthread_detach(handle) } else { pthread_join(handle, nil) }
    }

    private final class Body {
        let run: @Sendable () -> Void
        init(_ run: @escaping @Sendable () -> Void) { self.run = run }
    }
}
