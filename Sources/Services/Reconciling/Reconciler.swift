import ControlAPI
import FarmConfig
import FarmModel
import HealthPolicy
import Logging
import NetTypes
import ReconcilePolicy
import Ruleset
import Seams

/// Keeps the kernel at what configuration, operator, probes and network ask for. The only place that commits.
public actor Reconciler {
    private let executor = ThreadExecutor(name: "reconciler")
    public nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    nonisolated let inbox: Inbox
    nonisolated let events: EventBus
    nonisolated let board = StatusBoard()

    /// Only to be met by `driver`, and by the thread that carries a flight.
    let lentDriver: any RulesetDriver
    let notices: any TableNotices
    let network: any NetworkObserver
    let prober: any Prober
    let loader: FarmLoader
    let keeper: StateKeeper
    let sweeper: ConnectionSweeper
    let ledger: any ConnectionLedger
    let failures: any ConnectionFailures
    let settings: Settings
    let log: Logger

    var desired: DesiredState
    /// What the kernel has, but for what is on its way.
    var settledRuleset = Ruleset()
    /// On its way to the kernel while what comes next is decided.
    var flight: Flight?
    var telling = Telling()
    lazy var flights = ThreadExecutor(name: "flights")
    var generation: UInt32 = 0
    /// Nobody else can change our tables, as far as the last commit has shown.
    var ownsTables = false
    /// The kernel differs from `desired` and the last attempt to mend it failed.
    var isDrifted = false
    var changes = ChangeLog()
    var reasons: [ProbeTarget: String] = [:]
    var origins: [String: SourcePlace] = [:]
    var configFaults: [String] = []
    /// The files are good, and what they would take away is above the blast radius.
    var isHeldBack = false
    var stateFaults: [StateItem: String] = [:]
    /// What of the stored state is lost, in words, and the files that tell of it.
    var losses: [String] = []
    var lostFiles: [String] = []
    var view = NetworkView()
    /// By which device an address is on-link; nil for one behind a router.
    var devices: [IPAddress: UInt32?] = [:]
    /// Names of `ingressDevices` that the host has no device for.
    var absentDevices: Set<String> = []
    /// Families that farms need forwarded and the host does not forward.
    var unforwarded: Set<AddressFamily> = []
    let applying = Turnstile()
    var verdictSaves = SaveRhythm()
    /// Nothing is known of what to serve: the kernel keeps what it has until farm files can be applied.
    var isHolding = false
    /// What follows the commit that takes them out.
    var deadBackends: Set<DeadBackend> = []
    /// What is remembered once the kernel has it.
    var filesToKeep: FarmLoader.Load?
    var isRetryPlanned = false
    var isReapplyPlanned = false
    var handovers = HandoverWatch()
    var following = ConnectionWatch()
    /// What was in transition when the daemon before us ended.
    var keptHandovers: [String: [Transition]] = [:]
    var counters = Counters()
    var refusals = RefusalCounting()
    var policy = PolicyWatch()
    var haste = HasteWatch()
    var passive = PassiveWatch()
    var suspicion = SuspicionWatch()
    var verdictLog = VerdictLog()
    var traffic = TrafficCounting()
    var capacity = CapacityWatch()
    let meter: CapacityMeter
    let sessionWalker: SessionWalker
    private var pacer = CommitPacer()
    private let started = ContinuousClock.now
    var retryDelay: Duration = Reconciler.firstRetry
    /// Until files that the kernel refused are applied anew.
    var reapplyDelay: Duration = Reconciler.firstReapply

    static let firstRetry: Duration = .milliseconds(100)
    static let lastRetry: Duration = .seconds(5)
    static let firstReapply: Duration = .milliseconds(200)
    /// What is refused that often will hardly be taken later: a helper that the kernel lacks, say.
    static let lastReapply: Duration = .seconds(60)
    /// Elements in a batch above which the kernel is spared its notices.
    static let bulk = 2_000
    /// Attempts to commit before giving up until the next retry.
    static let commitAttempts = 8

    public struct Settings: Sendable {
        public var version: String
        /// Devices whose frames are looked at for dsr and stateless farms; nil means every Ethernet device that is up.
        public var ingressDevices: [String]?
        public var probePorts: PortRange
        /// The bits by which probes through farms' rules are told apart.
        public var probeMarks = ProbeMarks.standard
        public var handover: HandoverSettings
        /// Of farms that say nothing.
        public var counters: Counting
        /// Hears of every event at once, on the thread that commits: it only hands over.
        public var listener: (@Sendable (EventView) -> Void)?
        /// What became of events that hooks were told, for metrics.
        public var hookCounts: @Sendable () -> [HookCount] = { [] }

        public struct HookCount: Sendable {
            public let hook, result: String
            public let count: Int
            public init(hook: String, result: String, count: Int) { (self.hook, self.result, self.count) = (hook, result, count) }
        }

        public init(
            version: String, ingressDevices: [String]?, probePorts: PortRange, handover: HandoverSettings = HandoverSettings(),
            counters: Counting = .off
        ) {
            (self.version, self.ingressDevices, self.probePorts) = (version, ingressDevices, probePorts)
            (self.handover, self.counters) = (handover, counters)
        }
    }

    /// What has happened since the start, for metrics.
    struct Counters: Sendable {
        var commits = 0
        var commitFailures = 0
        var repairs = 0
        var verdictChanges = 0
        /// Of the commits, those that another thread carried.
        var flights = 0
        var transitions = 0
        /// Slots that were moved to level open connections.
        var slotsLevelled = 0
        var lastCommit: Duration = .zero
        /// The load at the start.
        var firstCommit: Duration?
        /// From a probe's verdict to the kernel's yes.
        var verdictToKernel = DurationHistogram()
    }

    public init(
        driver: sending any RulesetDriver, sets: sending any SetReader, inbox: Inbox, notices: any TableNotices,
        network: any NetworkObserver, connections: any ConnectionForgetter & ConnectionCounter, ledger: any ConnectionLedger,
        gauge: any ConntrackGauge, failures: any ConnectionFailures, prober: any Prober, loader: FarmLoader, store: any StateStore,
        settings: Settings, log: Logger
    ) {
        (lentDriver, self.notices, self.network, self.prober, self.loader) = (driver, notices, network, prober, loader)
        (self.inbox, self.ledger, self.failures) = (inbox, ledger, failures)
        events = EventBus(listener: settings.listener)
        (self.settings, self.log) = (settings, log)
        keeper = StateKeeper(store: store)
        meter = CapacityMeter(gauge: gauge)
        sessionWalker = SessionWalker(sets: sets)
        sweeper = ConnectionSweeper(connections: connections, log: log)
        desired = DesiredState(
            probePorts: settings.probePorts, probeMarks: settings.probeMarks, handover: settings.handover, counters: settings.counters)
    }

    /// Handles news until the inbox is closed.
    public func run() async {
        tell()
        for await _ in inbox.wakeUps {
            await pause()
            await handle(inbox.take())
        }
        land()
        tellAll()
    }

    /// At once when it was quiet, at most one commit in 10 ms under load.
    private func pause() async {
        while true {
            let rest = inbox.verdictCount >= DesiredState.usualMany ? haste.rest(at: Timestamp.monotonic) : .zero
            let delay = rest > .zero ? rest : pacer.delay(at: ContinuousClock.now - started)
            guard delay > .zero else { return }
            // Cancelled means that the daemon stops: then there is nothing to wait for.
            guard (try? await Task.sleep(for: delay)) != nil else { return }
        }
    }

    private func handle(_ news: Inbox.News) async {
        desired.now = Timestamp.monotonic
        if !news.verdicts.isEmpty { take(news) }
        if !news.advices.isEmpty { take(news.advices) }
        if !news.neighbours.isEmpty { take(news.neighbours) }
        let isChainGone = forgetChains(of: news.goneDevices)
        if news.isNetworkChanged { readNetwork(author: "network") }
        if isChainGone { reconcile(author: "network", because: "a device is gone") }
        if let (id, author) = news.generation { notice(generation: id, author) }
        if news.areTablesStale { resynchronize(author: "repair", because: "events were lost") }
        if news.isRetryDue { retry() }
        if news.isHandoverDue { checkHandovers() }
        if news.isConnectionLookDue { lookAtConnections() }
        if news.isPolicyChangeDue { advancePolicy() }
        if news.isDealingDue { dealAtLeisure() }
        if news.isSuspicionLookDue { Task { await lookForSuspicion() } }
        if news.isFailureLookDue { lookAtFailures() }
        if let author = news.reapplyAuthor { reapply(author: author) }
        for note in news.linkNotes { events.post(.link, note) }
        tell()
        publish()
    }
}
