import Logging
import NetTypes
import Seams
import Synchronization

/// Forgets half-open connections to dead backends, on a thread of its own: a walk over the kernel's table takes its time.
///
/// Backends that die while a walk is under way wait together for the next one. It begins when the thread has rested for as long as six
/// walks took, but for a second at most: while thousands die, walking is not all that a CPU does.
actor ConnectionSweeper {
    private let executor = ThreadExecutor(name: "conntrack")
    nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    private let connections: any ConnectionForgetter & ConnectionCounter
    private nonisolated let waiting = Mutex<Set<DeadBackend>>([])
    private let log: Logger
    private var restsUntil = ContinuousClock.now

    init(connections: any ConnectionForgetter & ConnectionCounter, log: Logger) {
        (self.connections, self.log) = (connections, log)
    }

    nonisolated func sweep(_ backends: Set<DeadBackend>) {
        let isFirst = waiting.withLock { waiting in
            defer { waiting.formUnion(backends) }
            return waiting.isEmpty
        }
        if isFirst { Task { await walk() } }
    }

    /// They live again.
    nonisolated func leave(_ backends: Set<DeadBackend>) { waiting.withLock { $0.subtract(backends) } }

    private func walk() async {
        // Clients wait for it: it rests only after a walk. Nobody cancels it.
        if restsUntil > .now { try? await Task.sleep(until: restsUntil) }
        let start = ContinuousClock.now
        defer { restsUntil = ContinuousClock.now + min((ContinuousClock.now - start) * Self.rest, Self.longestRest) }
        let backends = waiting.withLock { waiting in
            defer { waiting = [] }
            return waiting
        }
        guard !backends.isEmpty else { return }
        do {
            let count = try connections.forgetUnanswered(backends)
            if count > 0 {
                log.info("half-open connections forgotten", metadata: ["backends": "\(words(backends))", "count": "\(count)"])
            }
        } catch {
            log.warning(
                "half-open connections could not be forgotten; their clients connect anew only after a timeout",
                metadata: ["backends": "\(words(backends))", "error": "\(error)"])
        }
    }

    /// Times the length of a walk.
    private static let rest = 6
    private static let longestRest: Duration = .seconds(1)

    private func words(_ backends: Set<DeadBackend>) -> String {
        let addresses = Set(backends.map(\.address))
        return addresses.count > 5 ? "\(addresses.count)" : addresses.sorted().map(\.description).joined(separator: ",")
    }

    func counts() throws -> [ConnectionTarget: Int] { try connections.counts() }
}
