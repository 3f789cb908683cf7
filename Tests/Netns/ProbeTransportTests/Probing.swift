import FarmModel
import HealthPolicy
import HealthProbing
import Synchronization
import TestNamespaces

/// A loop of probes whose changes of verdict are awaited.
final class Probing: Sendable {
    private let reports: AsyncStream<ProbeReport>
    private let feed: AsyncStream<ProbeReport>.Continuation
    private let running = Mutex<ProbeLoop?>(nil)

    init() { (reports, feed) = AsyncStream.makeStream() }

    deinit { running.withLock { $0?.stop() } }

    func start(_ settings: ProbeSettings) throws {
        let feed = feed
        let loop = try ProbeLoop(settings: settings) { for report in $0 { feed.yield(report) } }
        try loop.start()
        running.withLock { $0 = loop }
    }

    var loop: ProbeLoop {
        get throws {
            guard let loop = running.withLock({ $0 }) else { throw TestFault("the loop has not been started") }
            return loop
        }
    }

    func probe(_ targets: ProbeTarget...) throws {
        try loop.setTargets(Dictionary(uniqueKeysWithValues: targets.map { ($0, Verdict?.none) }))
    }

    func next() async -> ProbeReport? {
        for await report in reports { return report }
        return nil
    }

    /// The first verdict of a target, and its reason.
    func judge(_ target: ProbeTarget) async throws -> String {
        try probe(target)
        let report = await next()
        return "\(report?.verdict.rawValue ?? "none"): \(report?.reason ?? "")"
    }

    /// Polls what has no event of its own; false after 10 s.
    func waits(until holds: (ProbeLoop) -> Bool) async throws -> Bool {
        for _ in 0..<1000 {
            if holds(try loop) { return true }
            try await Task.sleep(for: .milliseconds(10))
        }
        return false
    }
}

func quick(_ kind: HealthCheck.Kind, timeout: Int = 900, fall: Int = 1, way: ProbeWay = ProbeWay()) -> HealthCheck {
    HealthCheck(kind: kind, interval: .milliseconds(200), timeout: .milliseconds(timeout), fall: fall, way: way)
}
