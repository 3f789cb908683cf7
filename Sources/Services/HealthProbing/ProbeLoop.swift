import FarmModel
import HealthPolicy
import Synchronization
import Threads

#if canImport(Glibc)
    import Glibc
#endif

/// Probes any number of targets from one thread of its own and says at once when a verdict changes.
public final class ProbeLoop: Sendable {
    private enum Phase { case new, running, stopped }

    private let engine: Mutex<ProbeEngine>
    private let phase = Mutex(Phase.new)
    private let poller: Poller
    private let clock: @Sendable () -> MonotonicInstant
    private let onTransition: @Sendable ([ProbeReport]) -> Void
    private let ended = Signal()

    /// - Parameters:
    ///   - onTransition: called on the loop's thread with all changes of one wake-up; what it does holds up probing, so it only hands over.
    ///   - clock: CLOCK_MONOTONIC, or a double in tests.
    public init(
        settings: ProbeSettings = ProbeSettings(), clock: @escaping @Sendable () -> MonotonicInstant = { .now },
        onTransition: @escaping @Sendable ([ProbeReport]) -> Void
    ) throws(ProbingFault) {
        let poller = try Poller()
        engine = Mutex(ProbeEngine(settings: settings, poller: poller, now: clock()))
        self.poller = poller
        self.clock = clock
        self.onTransition = onTransition
    }

    /// Probes these targets and no others. Those that are known keep state, phase and the probe under way; the verdict beside a target
    /// counts for new ones only: the last known one, at most 60 s old, or nil.
    ///
    /// `marks`: what the sockets of probes through farms' rules are marked with; the rules have to be there already.
    public func setTargets(_ targets: [ProbeTarget: Verdict?], marks: [ProbeEntrance: UInt32] = [:]) {
        engine.withLock { $0.setTargets(targets, marks: marks, now: clock()) }
        poller.ring()
    }

    /// What is known of every target. May be called from anywhere, the callback included.
    public func snapshot() -> [ProbeTarget: HealthState] {
        let states = engine.withLock { $0.states() }
        return Dictionary(uniqueKeysWithValues: states)
    }

    /// What is known of one target; nil for one that is not probed.
    public func state(of target: ProbeTarget) -> HealthState? { engine.withLock { $0.state(of: target) } }

    public func counts() -> ProbeLoopCounts {
        engine.withLock {
            var counts = $0.counts
            counts.stalled = .nanoseconds($0.meter.total)
            return counts
        }
    }

    public var effort: ProbingEffort {
        let (counts, durations) = (counts(), engine.withLock { $0.durations.byName })
        var effort = ProbingEffort()
        (effort.started, effort.succeeded, effort.failed, effort.late) = (counts.started, counts.succeeded, counts.failed, counts.late)
        (effort.postponed, effort.stalled, effort.inFlight) = (counts.postponed, counts.stalled, counts.inFlight)
        effort.durations = durations
        return effort
    }

    /// Begins to probe on a thread of its own. A loop runs once; further calls change nothing.
    public func start() throws(ProbingFault) {
        let isFirst = phase.withLock { phase in
            defer { if phase == .new { phase = .running } }
            return phase == .new
        }
        guard isFirst else { return }
        do { try DedicatedThread(named: "probes") { self.work() }.detach() } catch {
            throw ProbingFault(operation: "pthread_create", errno: error.errno)
        }
    }

    /// Ends all probes without results; the thread ends within one wake-up.
    public func stop() {
        let wasNew = phase.withLock { phase in
            defer { phase = .stopped }
            return phase == .new
        }
        if wasNew { ended.send() }
        poller.ring()
    }

    /// Probes until `stop` or until the task is cancelled.
    public func run() async throws(ProbingFault) {
        try start()
        await withTaskCancellationHandler {
            await ended.wait()
        } onCancel: {
            stop()
        }
    }

    private func work() {
        var ready: [Readiness] = []
        var isMoreDue = false
        engine.withLock { $0.begin(now: clock()) }
        deliver()
        while phase.withLock({ $0 == .running }) {
            isMoreDue = turn(&ready, isMoreDue: isMoreDue)
        }
        engine.withLock { $0.shutDown() }
        ended.send()
    }

    /// Sleeps, hears all sockets, then lets time pass: an answer that waited in the kernel is heard before its deadline is looked at.
    private func turn(_ ready: inout [Readiness], isMoreDue: Bool) -> Bool {
        sleep(&ready, isMoreDue: isMoreDue)
        // The callback may have taken its time: what has come meanwhile is heard too.
        while hear(ready) || ready.count >= Poller.batch - 1 { poller.wait(0, into: &ready) }
        let isMoreDue = engine.withLock { $0.runTimers(now: clock()) }
        deliver()
        return isMoreDue
    }

    private func sleep(_ ready: inout [Readiness], isMoreDue: Bool) {
        let before = clock()
        let limit = engine.withLock { engine in
            engine.meter.worked(until: before.nanoseconds)
            return isMoreDue ? before.nanoseconds : engine.sleepLimit(now: before)
        }
        poller.wait(limit.map { max(0, $0 - before.nanoseconds) }, into: &ready)
        engine.withLock { $0.meter.woke(at: clock().nanoseconds, planned: limit.map { max($0, before.nanoseconds) }) }
    }

    /// Returns whether a verdict has changed.
    private func hear(_ ready: [Readiness]) -> Bool {
        guard !ready.isEmpty else { return false }
        engine.withLock { engine in
            let now = clock()
            engine.meter.worked(until: now.nanoseconds)
            engine.hear(ready, now: now)
        }
        return deliver()
    }

    /// Outside of the lock, so that the callback may ask for a snapshot.
    @discardableResult private func deliver() -> Bool {
        let reports = engine.withLock { $0.takeReports() }
        if !reports.isEmpty { onTransition(reports) }
        return !reports.isEmpty
    }
}
