import ControlAPI
import FarmModel
import HealthPolicy
import ReconcilePolicy
import Ruleset
import Seams

extension Reconciler {
    /// How long the first commit waits for the first answers of probes whose verdict is not known, when the kernel already serves.
    private static let firstAnswers: Duration = .seconds(3)

    /// Claims the tables, reads files and state, adopts what the kernel has and sends the difference.
    ///
    /// Throws when another instance holds the tables or the kernel lets us do nothing. Bad files do not stop it: what ran last goes on.
    public func start() async throws(DriverError) {
        try driver.claim()
        // Tables that nobody else can change need no watching.
        ownsTables = driver.ownsTables
        try notices.follow(!ownsTables)
        generation = try driver.generation()
        await restoreState()
        let (load, formerly, isRemembered) = await firstLoad()
        desired.now = Timestamp.monotonic
        desired.set(farms: load?.result.farms ?? [])
        origins = load?.result.origins ?? [:]
        await restoreVerdicts()
        await expectFormerBackends(formerly)
        readNetworkForNewBackends()
        try adopt(desired.ruleset)
        if isServing {
            desired.forgetVerdicts(contradictedBy: committed)
            await learnVerdicts()
        }
        isHolding = load.map { !isRemembered && isEmptying($0.result.farms) } ?? !committed.tables.allSatisfy { $0.chains.isEmpty }
        if isHolding, load != nil { holdBack(Self.unknownWouldGo) }
        restoreServed(formerly: formerly)
        desired.restoreSlotShares(from: committed)
        guard !isHolding else {
            log.error("no farm file can be used and none is remembered; the kernel keeps what it has")
            return
        }
        if let load, configFaults.isEmpty { filesToKeep = load }
        let isDone = reconcile(author: "start", because: "\(counted(desired.farms.count, "farm")) at the start")
        probeTargets()
        lookForForwarding()
        followConnections()
        watchFailures()
        guard isDone else { return }
        if changes.last == nil {
            changes.record(author: "start", ok: true, "took over what the kernel has; nothing to change")
            publish()
        }
        log.notice(
            "serving",
            metadata: [
                "farms": "\(desired.farms.count)", "backends": "\(desired.farms.values.reduce(0) { $0 + $1.backends.count })",
                "generation": "\(generation)", "owner": "\(driver.ownsTables)",
            ])
    }

    /// The files as they are; if they are faulty, or would take away most of what was served, the last ones that were accepted.
    /// `formerly`: the farms that were. `isRemembered`: whether files that were accepted before are known.
    private func firstLoad() async -> (load: FarmLoader.Load?, formerly: [Farm], isRemembered: Bool) {
        let load = await loader.load()
        let last = await lastGood(insteadOf: load)
        let radius = last.map { BlastRadius(from: $0.result.farms, to: load.result.farms) }
        let formerly = last?.result.farms ?? load.result.farms
        if load.faults.isEmpty, radius?.isExceeded != true { return (load, formerly, last != nil) }
        if let radius, load.faults.isEmpty { holdBack(radius.remedy) } else { noteFaults(load.faults) }
        guard let last else { return (nil, [], false) }
        log.warning("serving the farm files that were good last", metadata: ["files": "\(last.files.count)"])
        return (last, formerly, true)
    }

    private func lastGood(insteadOf load: FarmLoader.Load) async -> FarmLoader.Load? {
        do { return try await loader.loadLastGood(insteadOf: load) } catch {
            note(error, of: .lastGood)
            return nil
        }
    }

    private func restoreState() async {
        await restoreOverrides()
        do { refusals.totals = try await keeper.refusals() } catch { note(error, of: .counters) }
        do { traffic.totals = try await keeper.traffic() } catch { note(error, of: .traffic) }
    }

    private func restoreVerdicts() async {
        do {
            let known = try await keeper.verdicts()
            // What the files say of the start comes before what was.
            let wanted = desired.probeTargets.filter { desired.initialVerdict(of: $0) == nil }
            let restored = wanted.compactMap { target in known[target.identityText].map { (target, $0) } }
            desired.set(verdicts: Dictionary(uniqueKeysWithValues: restored), areOld: true)
        } catch {
            note(error, of: .verdicts)
        }
    }

    /// Whether the kernel balances already, by what a daemon before us has left.
    var isServing: Bool { committed.tables.contains { $0.sets.contains { $0.count > 0 } } }

    /// A kernel that serves must not lose its backends just because we do not know them yet: waits for first answers, not for ever.
    func learnVerdicts() async {
        let targets = desired.probeTargets(carriedBy: committed)
        probe(targets)
        let deadline = ContinuousClock.now + Self.firstAnswers
        while ContinuousClock.now < deadline {
            takeKnownVerdicts()
            guard desired.hasUnknownVerdicts(of: targets) else { return }
            // Cancelled means that the daemon stops.
            guard (try? await Task.sleep(for: .milliseconds(20))) != nil else { return }
        }
    }

    private func takeKnownVerdicts() {
        let news = inbox.takeVerdicts()
        guard !news.verdicts.isEmpty else { return }
        desired.now = Timestamp.monotonic
        // A first answer is no change of mind.
        let firsts = news.verdicts.filter { (desired.verdicts[$0.key] ?? .unknown) == .unknown }
        let learnt = desired.set(verdicts: firsts, areOld: true)
        noteDead(learnt.turns)
        noteDowns(learnt.changed)
        let changed = take(news.verdicts, news.reasons)
        telling.add(words(changed))
        if !learnt.changed.isEmpty || !changed.changed.isEmpty { saveVerdictsSoon() }
    }
}
