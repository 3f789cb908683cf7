import ControlAPI
import FarmConfig
import FarmModel
import HealthPolicy
import ReconcilePolicy
import Seams

extension Reconciler {
    /// What came of reading the farm files.
    public enum ApplyResult: Sendable {
        case applied(ChangePlan)
        /// The dry run's answer.
        case planned(ChangePlan)
        /// Rendered faults; what runs goes on.
        case faulty([String])
        /// Above the blast radius, and not forced: with what to do.
        case refused(String)
        case failed(String)
    }

    /// Re-reads the files and makes them what runs, in one transaction.
    public func apply(author: String, dryRun: Bool = false, force: Bool = false) async -> ApplyResult {
        await applying.enter()
        defer { applying.leave() }
        let load = await loader.load()
        guard load.faults.isEmpty else {
            noteFaults(load.faults)
            return .faulty(load.faults)
        }
        land()
        desired.now = Timestamp.monotonic
        var next = desired
        next.set(farms: load.result.farms)
        let plan = ChangePlan(from: desired, to: next)
        if dryRun { return .planned(plan) }
        if let words = objection(to: plan), !force {
            holdBack(words)
            return .refused(words)
        }
        noteFaults([])
        if plan.isEmpty { reapplyDelay = Self.firstReapply }
        guard !plan.isEmpty || load.result.origins != origins || isDrifted || isHolding else { return .applied(plan) }
        return await put(load, next, plan, author: author)
    }

    private func put(_ load: FarmLoader.Load, _ next: DesiredState, _ plan: ChangePlan, author: String) async -> ApplyResult {
        let before = (desired, origins)
        (desired, origins) = (next, load.result.origins)
        readNetworkForNewBackends()
        if isHolding {
            await learnVerdicts()
            restoreServed(formerly: [])
            desired.restoreSlotShares(from: committed)
        }
        let wasHolding = isHolding
        (isHolding, filesToKeep) = (false, load)
        let counts = "farms: \(plan.added.count) added, \(plan.changed.count) changed, \(plan.removed.count) removed"
        guard reconcile(author: author, because: counts) else {
            takeBack(before, wasHolding, author)
            return .failed(changes.last?.summary ?? "")
        }
        reapplyDelay = Self.firstReapply
        probeTargets()
        lookForForwarding()
        followConnections()
        watchFailures()
        log.info(
            "farm files applied",
            metadata: [
                "author": "\(author)", "added": "\(plan.added.count)", "changed": "\(plan.changed.count)",
                "removed": "\(plan.removed.count)",
            ])
        return .applied(plan)
    }

    /// A change that the kernel has no room for must not stand in the way of verdicts: what was wanted before is wanted again, and the
    /// files are applied anew after a while.
    private func takeBack(_ before: (DesiredState, [String: SourcePlace]), _ wasHolding: Bool, _ author: String) {
        let verdicts = desired.verdicts
        (desired, origins) = before
        desired.set(verdicts: verdicts, areOld: true)
        // A neighbour may have answered anew meanwhile, and says so only once.
        updateNextHops()
        desired.unsettle()
        (filesToKeep, isHolding) = (nil, wasHolding)
        publish()
        guard !isReapplyPlanned else { return }
        isReapplyPlanned = true
        inbox.postReapply(author: author, after: reapplyDelay)
        reapplyDelay = min(reapplyDelay * 2, Self.lastReapply)
    }

    func reapply(author: String) {
        isReapplyPlanned = false
        Task { _ = await apply(author: author) }
    }

    /// After the commit that keeps probes of new targets out of conntrack.
    func probeTargets() { probe(desired.probeTargets) }

    func probe(_ targets: Set<ProbeTarget>) {
        verdictLog.keep(targets)
        for target in targets where reasons[target] == nil {
            if let verdict = desired.initialVerdict(of: target) { reasons[target] = "initialState \(verdict.rawValue), not probed yet" }
        }
        prober.setTargets(
            Dictionary(uniqueKeysWithValues: targets.map { ($0, desired.verdicts[$0]) }), marks: desired.entranceMarks)
    }

    func readNetworkForNewBackends() {
        guard !desired.directBackends.isEmpty else { return }
        devices = [:]
        do { view = try network.read() } catch {
            log.error("links and neighbours cannot be read", metadata: ["error": "\(error)"])
        }
        updateNextHops()
    }

    func noteFaults(_ faults: [String]) {
        for fault in faults where !configFaults.contains(fault) {
            log.error("farm files are not applied; what runs goes on running", metadata: ["fault": "\(fault)"])
            events.post(.config, fault)
        }
        (configFaults, isHeldBack) = (faults, false)
        publish()
    }

    /// Why the change wants a `--force`, and what to do; nil where it needs none.
    func objection(to plan: ChangePlan) -> String? {
        if plan.blastRadius.isExceeded { return plan.blastRadius.remedy }
        return isHolding && plan.blastRadius.listenersAfter == 0 && isServing ? Self.unknownWouldGo : nil
    }

    /// Where nothing is remembered, what the kernel serves is all that tells an empty directory from one that is not mounted.
    func isEmptying(_ farms: [Farm]) -> Bool { farms.isEmpty && isServing }

    static let unknownWouldGo =
        "there is no farm file, none is remembered, and what the kernel serves would go; if that is meant, `lbctl apply --force` does it"

    /// The files are good; what they would take away is more than somebody is likely to mean.
    func holdBack(_ words: String) {
        if configFaults != [words] {
            log.warning("farm files are held back by the blast radius; what runs goes on running", metadata: ["because": "\(words)"])
            events.post(.config, "farm files are held back by the blast radius: \(words)")
        }
        (configFaults, isHeldBack) = ([words], true)
        publish()
    }
}
