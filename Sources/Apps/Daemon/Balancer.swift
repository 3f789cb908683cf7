import CLinux
import ControlAPI
import ControlServer
import FarmConfig
import FarmWatching
import Glibc
import HealthProbing
import Hooks
import KernelEvents
import Logging
import NetTypes
import NetfilterDriver
import Observability
import ReconcilePolicy
import Reconciling
import RulesetCompiler
import Seams
import ServiceLifecycle
import StateKeeping
import UnixSignals

/// Puts the parts together and runs them until a signal.
struct Balancer {
    let settings: Settings
    let log: Logger

    func run() async throws {
        let notification = ServiceNotification()
        let store = try StateDirectory(path: settings.state)
        let lock = try InstanceLock(directory: settings.state)
        let directory = FarmDirectory(path: settings.farms)
        let (changes, changed) = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))
        // Before the first load: what is written meanwhile is heard afterwards.
        let (watcher, lists) = (try FarmWatcher(path: directory.path) { changed.yield() }, ListReader())
        defer { watcher.stop() }
        let signs = MaintenanceDirectory(path: settings.maintenanceDirectory)
        let (signChanges, signChanged) = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))
        let signWatcher = try FarmWatcher(path: signs.path) { signChanged.yield() }
        defer { signWatcher.stop() }
        let loader = FarmLoader(store: store, allowsPrograms: settings.execProbes, readLists: Self.readLists(lists, watcher)) {
            directory.reading()
        }
        let inbox = Inbox()
        let probing = ProbeSettings(sourcePorts: settings.probePorts, runsPrograms: settings.execProbes)
        let probes = try CompositeProber(settings: probing) { inbox.post($0) }
        // Events first: what happens while we read is then not missed.
        let monitor = try KernelMonitor { inbox.post($0) }
        defer { monitor.stop() }
        let hooks = try HookRunner(settings.hooks, log: log)
        defer { hooks.stop() }
        let reconciler = try makeReconciler(inbox, monitor, probes, loader, store, hooks)
        try probes.start()
        defer { probes.stop() }
        // Likewise, what is signalled.
        let hangUps = await UnixSignalsSequence(trapping: .sighup)
        let control = ControlServer(socketPath: settings.socket, service: reconciler, logger: log) { notification?.send(.ready) }
        try control.prepare()
        if let files = maintenance(signs) { await reconciler.prepare(maintenance: files) }
        try await reconciler.start()
        clinux_trim_memory()
        let maintenanceFollower = Part {
            for await _ in signChanges { if let files = maintenance(signs) { await reconciler.set(maintenance: files) } }
        }
        try await serve(control, reconciler, changes, hangUps, notification, also: maintenanceFollower)
        notification?.send(.stopping)
        await reconciler.saveVerdicts()
        if settings.clearsOnStop { try await reconciler.clear() }
        await reconciler.saveCounters()
        log.notice("stopped", metadata: ["kernel": settings.clearsOnStop ? "cleared" : "goes on forwarding"])
        _ = consume lock
    }

    /// Followed before they are read: no change is missed.
    private static func readLists(_ lists: ListReader, _ watcher: FarmWatcher) -> @Sendable (Set<String>) -> [String: ListReading] {
        { paths in
            watcher.follow(paths)
            return lists.read(paths)
        }
    }

    /// Nil when the directory cannot be read: then what was read last stays in force.
    private func maintenance(_ directory: MaintenanceDirectory) -> MaintenanceFiles? {
        do { return MaintenanceFiles(try directory.read()) } catch {
            log.error("maintenance files cannot be read; what they said last stays", metadata: ["error": "\(error)"])
            return nil
        }
    }

    private func makeReconciler(
        _ inbox: Inbox, _ monitor: KernelMonitor, _ probes: CompositeProber, _ loader: FarmLoader, _ store: StateDirectory,
        _ hooks: HookRunner
    ) throws -> Reconciler {
        guard let ports = PortRange(settings.probePorts.lowerBound, settings.probePorts.upperBound) else {
            preconditionFailure("settings hold a legal range")
        }
        var own = Reconciler.Settings(
            version: Product.version, ingressDevices: settings.ingressDevices, probePorts: ports,
            handover: settings.handover, counters: settings.counters)
        own.probeMarks = settings.probeMarks
        if !settings.hooks.isEmpty { own.listener = { hooks.post($0) } }
        own.hookCounts = {
            hooks.efforts.flatMap { effort in
                [("done", effort.done), ("failed", effort.failed), ("retried", effort.retried), ("dropped", effort.dropped)].map {
                    .init(hook: effort.hook, result: $0, count: $1)
                }
            }
        }
        return Reconciler(
            driver: try NetfilterDriver(), sets: try NetfilterDriver(), inbox: inbox, notices: monitor, network: try RouteObserver(),
            connections: try ConntrackForgetter(), ledger: try ConntrackLedger(), gauge: try ConntrackMeter(),
            failures: try ConntrackFailures(), prober: probes, loader: loader, store: store, settings: own, log: log)
    }

    private func serve(
        _ control: ControlServer, _ reconciler: Reconciler, _ changes: AsyncStream<Void>, _ hangUps: UnixSignalsSequence,
        _ notification: ServiceNotification?, also part: Part
    ) async throws {
        let services: [any Service] = [
            control, Part { await reconciler.run() }, Part { await reconciler.keepStateFresh() },
            Part { await reconciler.askForNeighbours() }, Part { await reconciler.watchCapacity() },
            Part { for await _ in changes { _ = await reconciler.apply(author: "files") } }, Part { await Self.giveBackMemory() },
            Part { await reload(on: hangUps, reconciler, notification) }, part,
        ]
        let group = ServiceGroup(
            configuration: .init(
                services: services.map { .init(service: $0) }, gracefulShutdownSignals: [.sigterm, .sigint], logger: quiet))
        try await group.run()
    }

    /// Bytes.
    private static let worthTrimming = 4 << 20

    /// What a storm of verdicts or a load of files leaves behind.
    private static func giveBackMemory() async {
        // Ends when the daemon stops and the sleep is cancelled.
        while (try? await Task.sleep(for: .seconds(3))) != nil {
            // Trimming holds the heap's lock for milliseconds: only where there is something to give.
            if clinux_idle_memory() > Self.worthTrimming { clinux_trim_memory() }
        }
    }

    /// The group announces each part at `info`.
    private var quiet: Logger {
        var logger = log
        logger.logLevel = max(log.logLevel, .warning)
        return logger
    }

    private func reload(on hangUps: UnixSignalsSequence, _ reconciler: Reconciler, _ notification: ServiceNotification?) async {
        for await _ in hangUps {
            notification?.send(.reloading)
            _ = await reconciler.apply(author: "SIGHUP")
            notification?.send(.ready)
        }
    }
}

/// A part of the daemon that ends by being cancelled.
private struct Part: Service {
    let work: @Sendable () async throws -> Void

    init(_ work: @escaping @Sendable () async throws -> Void) { self.work = work }

    func run() async throws {
        try await cancelWhenGracefulShutdown { try await work() }
    }
}
