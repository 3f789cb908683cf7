import ControlAPI
import FarmModel
import HealthPolicy
import Logging
import NetTypes
import ReconcilePolicy
import Ruleset
import Seams
import Testing

@testable import Reconciling

/// A reconciler among fakes. What outlives a daemon (kernel, store, files, network) is kept over `restarted`.
struct Scene {
    let kernel: FakeKernel
    let store: MemoryStore
    let texts: FarmTexts
    let network: FakeNetwork
    let connections: FakeConnections
    let ledger = FakeLedger()
    let failures = FakeFailures()
    let gauge = FakeGauge()
    let inbox = Inbox()
    let notices = FakeNotices()
    let prober: FakeProber
    let reconciler: Reconciler

    /// As whom the reconciler commits.
    static let caller = Caller(name: "lbctl:test")

    init(_ texts: String..., isOwned: Bool = true, answering answer: Verdict? = .up) throws {
        try self.init(FakeKernel(isOwned: isOwned), MemoryStore(), FarmTexts(texts), FakeNetwork(), answer)
    }

    init(_ texts: [String], isOwned: Bool = true, handover: HandoverSettings = HandoverSettings()) throws {
        try self.init(FakeKernel(isOwned: isOwned), MemoryStore(), FarmTexts(texts), FakeNetwork(), .up, handover)
    }

    private init(
        _ kernel: FakeKernel, _ store: MemoryStore, _ texts: FarmTexts, _ network: FakeNetwork, _ answer: Verdict?,
        _ handover: HandoverSettings = HandoverSettings()
    ) throws {
        (self.kernel, self.store, self.texts, self.network) = (kernel, store, texts, network)
        connections = FakeConnections(kernel: kernel)
        prober = FakeProber(inbox: inbox, answering: answer)
        reconciler = Reconciler(
            driver: kernel, sets: kernel, inbox: inbox, notices: notices, network: network, connections: connections, ledger: ledger,
            gauge: gauge, failures: failures, prober: prober, loader: FarmLoader(store: store) { texts.read() }, store: store,
            settings: .init(
                version: "test", ingressDevices: nil, probePorts: try #require(PortRange(61000, 65535)), handover: handover),
            log: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    }

    /// Starts, handles news while the body runs, and ends.
    func run(_ body: (Reconciler) async throws -> Void) async throws {
        try await reconciler.start()
        let handling = Task { await reconciler.run() }
        do { try await body(reconciler) } catch {
            inbox.close()
            await handling.value
            throw error
        }
        inbox.close()
        await handling.value
    }

    /// The daemon of the next boot. It probes anew.
    func restarted(answering answer: Verdict? = .up) throws -> Scene { try Scene(kernel, store, texts, network, answer) }

    /// All probed backends are up in the kernel.
    func settled() async throws {
        try await until("every verdict is known and in the kernel") {
            let desired = await reconciler.desired
            return desired.probeTargets.allSatisfy { desired.verdicts[$0] == .up } && kernel.ruleset.batch(to: desired.ruleset).isEmpty
        }
    }

    /// The kernel holds what is desired.
    func isCommitted() async -> Bool { kernel.ruleset.batch(to: await reconciler.desired.ruleset).isEmpty }

    func post(_ events: KernelEvent?...) { inbox.post(events.compactMap { $0 }) }
}

/// Looks again and again until it is so; a test that would wait for ever fails.
func until(
    _ what: String, within limit: Duration = .seconds(10), sourceLocation: SourceLocation = #_sourceLocation,
    _ isSo: () async throws -> Bool
) async throws {
    let deadline = ContinuousClock.now + limit
    while ContinuousClock.now < deadline {
        if try await isSo() { return }
        try await Task.sleep(for: .milliseconds(1))
    }
    Issue.record("waited in vain until \(what)", sourceLocation: sourceLocation)
}

/// The first event of the kind, or nil when none comes within the deadline.
func first(_ kind: EventView.Kind, of events: AsyncStream<EventView>) async -> EventView? {
    await withTaskGroup(of: EventView?.self) { group in
        group.addTask {
            for await event in events where event.kind == kind { return event }
            return nil
        }
        group.addTask {
            // Cancelled means that the event has come.
            try? await Task.sleep(for: .seconds(10))
            return nil
        }
        defer { group.cancelAll() }
        return await group.next() ?? nil
    }
}
