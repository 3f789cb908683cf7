import FarmModel
import HealthPolicy
import NetTypes
import ReconcilePolicy
import Seams

extension Reconciler {
    /// Probes have changed their minds.
    func take(_ news: Inbox.News) {
        let verdicts = news.verdicts
        let before = desired.verdicts
        let farms = desired.set(verdicts: verdicts)
        reasons.merge(news.reasons) { $1 }
        let changed = verdicts.filter { before[$0.key] ?? .unknown != $0.value }
        guard !changed.isEmpty else { return }
        counters.verdictChanges += changed.count
        let summary = changed.count == 1 ? changed.first.map { "\($0.key.endpoint) is \($0.value.rawValue)" } : nil
        let isDone = reconcile(author: "probe", because: summary ?? "\(changed.count) verdicts")
        if isDone, let oldest = news.oldestVerdict { counters.verdictToKernel.add(oldest.duration(to: Timestamp.monotonic)) }
        forgetConnections(to: Set(changed.filter { $0.value == .down }.keys), of: farms)
        announce(changed, farms)
        saveVerdictsSoon()
    }

    /// What is half open to a backend that died would stay with it: conntrack pins every retransmission.
    private func forgetConnections(to dead: Set<ProbeTarget>, of farms: Set<String>) {
        var backends: Set<DeadBackend> = []
        for farm in farms.compactMap({ desired.farms[$0] }) where farm.mode != .dsr {
            for backend in farm.backends {
                guard let target = farm.probeTarget(of: backend), dead.contains(target) else { continue }
                let port = backend.port.flatMap { $0.isSingle ? $0.first : nil }
                for transport in Set(farm.listeners.filter { $0.address.family == backend.address.family }.map(\.transport)) {
                    backends.insert(.init(address: backend.address, port: port, transport: transport))
                }
            }
        }
        if !backends.isEmpty { sweeper.sweep(backends) }
    }

    private func announce(_ changed: [ProbeTarget: Verdict], _ farms: Set<String>) {
        for farm in farms.sorted().compactMap({ desired.farms[$0] }) {
            for backend in farm.backends {
                guard let target = farm.probeTarget(of: backend), let verdict = changed[target] else { continue }
                let reason = reasons[target] ?? ""
                events.post(.verdict, farm: farm.name, backend: backend.name, "\(verdict.rawValue): \(reason)")
                log.info(
                    "verdict changed",
                    metadata: [
                        "farm": "\(farm.name)", "backend": "\(backend.name)", "verdict": "\(verdict.rawValue)", "reason": "\(reason)",
                    ])
            }
        }
    }

    private func saveVerdictsSoon() {
        guard let delay = verdictSaves.delay(at: .now) else { return }
        Task {
            // Cancelled means that the daemon stops: then they are saved at once.
            if delay > .zero { try? await Task.sleep(for: delay) }
            await saveVerdicts()
        }
    }

    /// Writes the verdicts as they are now.
    public func saveVerdicts() async {
        let start = ContinuousClock.now
        verdictSaves.begins()
        do throws(StateFault) {
            try await keeper.save(desired.verdicts)
            noteState(nil)
        } catch {
            noteState(error)
        }
        verdictSaves.ended(from: start, to: .now)
    }

    /// Says once that state cannot be kept, and once that it can again.
    func noteState(_ fault: StateFault?) {
        if fault?.message != stateFault {
            if let fault { log.error("state is not kept", metadata: ["error": "\(fault)"]) } else { log.notice("state is kept again") }
        }
        stateFault = fault?.message
    }

    /// Keeps the stored verdicts young: a restart believes them for a minute.
    public func keepVerdictsYoung() async {
        // Ends when the daemon stops and the sleep is cancelled.
        while (try? await Task.sleep(for: StateKeeper.heartbeat)) != nil {
            if !desired.verdicts.isEmpty { await saveVerdicts() }
        }
    }
}
