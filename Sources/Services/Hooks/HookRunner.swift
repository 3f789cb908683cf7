import ControlAPI
import Logging
import Synchronization
import Threads

/// Tells programs and servers of transitions, on threads of its own: handing an event over takes a microsecond whatever they do.
public final class HookRunner: Sendable {
    /// What has been done since the start, for metrics.
    public struct Effort: Sendable, Equatable {
        /// exec or post
        public var hook: String
        public var done = 0
        public var failed = 0
        public var retried = 0
        /// There was no room for them to wait.
        public var dropped = 0
    }

    private struct Line: Sendable {
        let effort: @Sendable () -> Effort
        let queue: HookQueue
        let takers: Int
    }

    private let lines: [Line]

    /// - Throws: when a thread cannot be made.
    public init(_ settings: HookSettings, log: Logger) throws {
        var lines: [Line] = []
        if let exec = settings.exec {
            lines.append(try Self.line("exec", takers: exec.parallel, bound: settings.queue, log) { event, _ in exec.run(event) })
        }
        if let post = settings.post {
            lines.append(try Self.line("post", takers: 1, bound: settings.queue, log) { event, retried in post.deliver(event, retried) })
        }
        self.lines = lines
    }

    deinit { stop() }

    /// `work` returns why it failed; its second argument is called for each attempt after the first.
    private static func line(
        _ name: String, takers: Int, bound: Int, _ log: Logger, _ work: @escaping @Sendable (EventView, () -> Void) -> String?
    ) throws -> Line {
        let queue = HookQueue(bound: bound)
        let counts = Counts()
        for _ in 0..<takers {
            try DedicatedThread(named: "hook \(name)") {
                while let event = queue.take() {
                    let fault = work(event) { counts.value.withLock { $0.retried += 1 } }
                    counts.value.withLock { if fault == nil { $0.done += 1 } else { $0.failed += 1 } }
                    if let fault {
                        log.warning("a hook failed", metadata: ["hook": "\(name)", "event": "\(event.message)", "error": "\(fault)"])
                    }
                }
            }.detach()
        }
        let effort: @Sendable () -> Effort = {
            var effort = counts.value.withLock { $0 }
            (effort.hook, effort.dropped) = (name, queue.dropped)
            return effort
        }
        return Line(effort: effort, queue: queue, takers: takers)
    }

    private final class Counts: Sendable {
        let value = Mutex(Effort(hook: ""))
    }

    /// Transitions are told, other events are not. May be called from anywhere; never waits.
    public func post(_ event: EventView) {
        guard [.verdict, .policy, .override].contains(event.kind) else { return }
        for line in lines { line.queue.put(event) }
    }

    public var efforts: [Effort] { lines.map { $0.effort() } }

    /// What waits is dropped; what is under way ends by itself.
    public func stop() {
        for line in lines { line.queue.close(takers: line.takers) }
    }
}
