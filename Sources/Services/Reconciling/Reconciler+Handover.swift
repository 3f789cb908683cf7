import ControlAPI
import FarmModel
import HealthPolicy
import NetTypes
import ReconcilePolicy
import Ruleset
import RulesetCompiler
import Seams

extension Reconciler {
    /// After a commit: says what has begun and ended, stores it, and sees to it that it ends in time.
    func followHandovers() {
        handovers.hasFresh = desired.isInTransition
        announceHandovers()
        if handovers.isUnsaved { Task { await saveHandovers() } }
        planHandoverCheck()
    }

    private func announceHandovers() {
        let (before, now) = (handovers.announced, desired.transitions)
        guard before != now else { return }
        for farm in Set(before.keys).union(now.keys).sorted() {
            let slots = HandoverSummary(now[farm] ?? [], settings.handover)
            switch (before[farm] != nil, slots) {
            case (false, let slots?):
                counters.transitions += 1
                tell(farm, "begun: \(counted(slots.slots, "slot", "move")), their flows stay where they are")
            case (true, nil): tell(farm, "ended")
            case (true, let slots?) where HandoverSummary(before[farm] ?? [], settings.handover)?.slots != slots.slots:
                tell(farm, "goes on: \(counted(slots.slots, "slot", "move"))")
            default: break
            }
        }
        (handovers.announced, handovers.isUnsaved) = (now, true)
    }

    private func tell(_ farm: String, _ words: String) {
        events.post(.handover, farm: farm, words)
        log.info("handover", metadata: ["farm": "\(farm)", "state": "\(words)"])
    }

    /// Writes what is in transition now.
    func saveHandovers() async {
        guard handovers.isUnsaved || stateFaults[.handovers] != nil else { return }
        handovers.isUnsaved = false
        do throws(StateFault) {
            try await keeper.save(KeptHandovers(handovers.announced))
            note(nil, of: .handovers)
        } catch {
            note(error, of: .handovers)
        }
    }

    /// Nothing is planned while nothing is in transition.
    private func planHandoverCheck() {
        guard desired.isInTransition else { return }
        let now = Timestamp.monotonic
        let end = desired.nextHandoverEnd.map { now.duration(to: $0) } ?? .zero
        let delay = max(min(end, HandoverWatch.rhythm(settings.handover)), Self.leastHandoverWait)
        guard handovers.plan(now.advanced(by: delay)) else { return }
        inbox.postHandoverCheck(after: delay)
    }

    private static let leastHandoverWait: Duration = .milliseconds(10)

    /// Ends what is over.
    func checkHandovers() {
        handovers.pass(Timestamp.monotonic)
        guard desired.isInTransition, !isHolding else { return }
        let fills = freshFills()
        warnOfFullMaps(fills)
        lookAtOldPaths(forgotten: Set(fills.filter { $0.count == 0 }.map(\.family)))
        let paths = desired.transitions.keys.reduce(into: [String: PathUse]()) { $0[$1] = handovers.use(of: handoverChains(of: $1)) }
        desired.now = Timestamp.monotonic
        if desired.endHandovers(paths) { reconcile(author: "handover", because: "a handover is over") }
        planHandoverCheck()
    }

    private func lookAtOldPaths(forgotten: Set<AddressFamily>) {
        guard let table = committed[.netdev] else { return }
        do {
            let counted = try driver.counters()[.netdev] ?? [:]
            let packets = table.chains.compactMap { chain in
                chain.oldPathRule.flatMap { index in
                    counted[chain.name].flatMap { $0.indices.contains(index) ? $0[index] : nil }.map { (chain.name, $0.packets) }
                }
            }
            handovers.look(Dictionary(packets) { first, _ in first }, forgotten, at: Timestamp.monotonic)
        } catch {
            // Not looked at is not quiet: transitions then end by their limit.
            log.warning("what handovers carry cannot be read", metadata: ["error": "\(error)"])
        }
    }

    /// The chains with an old path that the kernel sends the farm's packets to.
    private func handoverChains(of farm: String) -> Set<String> {
        guard let table = committed[.netdev] else { return [] }
        let targets = table.sets.filter { $0.type.value == .verdict }.compactMap { $0.fragments[farm] }.reduce(into: Set<String>()) {
            for row in 0..<$1.count { $0.insert(String(decoding: $1.value(row).prefix { $0 != 0 }, as: UTF8.self)) }
        }
        return targets.filter { name in table.chain(name)?.oldPathRule != nil }
    }

    /// How full the maps of remembered flows are.
    func freshFills() -> [(map: String, family: AddressFamily, count: Int, limit: Int)] {
        desired.freshMaps.sorted().compactMap { map in
            guard let limit = committed[.netdev]?.set(map)?.type.dynamic?.size else { return nil }
            let family: AddressFamily = map.hasSuffix("6") ? .ipv6 : .ipv4
            do { return (map, family, try driver.count(of: map, in: .netdev), Int(limit)) } catch {
                log.debug("remembered flows cannot be counted", metadata: ["map": "\(map)", "error": "\(error)"])
                return nil
            }
        }
    }

    /// Once a map, and once more when it has had room in between.
    private func warnOfFullMaps(_ fills: [(map: String, family: AddressFamily, count: Int, limit: Int)]) {
        for (map, _, count, limit) in fills {
            guard count * 100 >= limit * Self.alarmPercentage else {
                handovers.fullMaps.remove(map)
                continue
            }
            guard handovers.fullMaps.insert(map).inserted else { continue }
            events.post(
                .handover, "\(map) is nearly full: \(count) of \(limit) flows; when it is, new flows stay with their slot's old backend")
            log.warning("a map of remembered flows is nearly full", metadata: ["map": "\(map)", "count": "\(count)", "limit": "\(limit)"])
        }
    }

    private static let alarmPercentage = 80

    /// With the change that ends the last transition: flows that were remembered for it must not be met by the next one.
    var freshFlushes: [Batch.Operation] {
        let known = Set(committed[.netdev]?.sets.map(\.name) ?? [])
        return desired.freshMaps.filter(known.contains).map { .flushSet(.netdev, name: $0) }
    }
}

extension Chain {
    /// The rule that serves slots by the backend that they had.
    fileprivate var oldPathRule: Int? {
        // ICMP errors go the old way too, but say nothing of who uses it: only the flows' own packets are counted.
        rules.firstIndex { rule in
            rule.statements.contains(.counter)
                && rule.statements.contains { statement in
                    if case .setMAC(_, _, let map) = statement { map.hasPrefix("former-") } else { false }
                }
        }
    }
}

extension Reconciler {
    /// What a kernel that serves already may mean by what it holds.
    func expectFormerBackends(_ formerly: [Farm]) async {
        do { keptHandovers = try await keeper.handovers()?.transitions ?? [:] } catch { note(error, of: .handovers) }
        desired.expect(formerBackendsOf: formerly, kept: keptHandovers)
    }

    /// Hands over from what the kernel really does, whatever has changed while nobody looked.
    func restoreServed(formerly: [Farm]) {
        desired.now = Timestamp.monotonic
        desired.restoreServed(from: committed, formerly: formerly, kept: keptHandovers)
        handovers.hasFresh = desired.served.values.contains { !$0.transitions.isEmpty }
        handovers.announced = desired.served.compactMapValues { $0.transitions.isEmpty ? nil : $0.transitions }
    }
}
