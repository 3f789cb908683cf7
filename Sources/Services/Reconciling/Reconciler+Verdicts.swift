import FarmModel
import HealthPolicy
import Logging
import NetTypes
import ReconcilePolicy
import Seams

extension Reconciler {
    /// Probes have changed their minds.
    func take(_ news: Inbox.News) {
        let verdicts = take(news.verdicts, news.reasons)
        guard let first = verdicts.changed.first else { return }
        let count = verdicts.changed.count
        let cause = count == 1 ? "\(first.key.endpoint) is \(first.value.rawValue)" : "\(count) verdicts"
        if !launch(verdicts, because: cause, oldestVerdict: news.oldestVerdict) {
            let isDone = reconcile(author: "probe", because: cause)
            if isDone { noteArrival(of: verdicts, since: news.oldestVerdict, at: Timestamp.monotonic) }
            telling.add(words(verdicts))
        }
        saveVerdictsSoon()
    }

    /// The kernel has it. All of them took as long as the oldest, at most.
    func noteArrival(of news: VerdictNews, since oldest: MonotonicInstant?, at now: MonotonicInstant) {
        if let oldest { counters.verdictToKernel.add(oldest.duration(to: now), times: news.changed.count) }
    }

    /// Everything but the commit and the announcement.
    func take(_ verdicts: [ProbeTarget: Verdict], _ words: [ProbeTarget: String]) -> VerdictNews {
        let news = desired.set(verdicts: verdicts)
        if news.isHasty { noteHaste() }
        reasons.merge(words) { $1 }
        counters.verdictChanges += news.changed.count
        verdictLog.note(news, reasons, at: desired.now)
        noteDead(news.turns)
        noteDowns(news.changed)
        return news
    }

    /// Backends ask for another weight or state.
    func take(_ advices: [ProbeTarget: ProbeAdvice?]) {
        land()
        let farms = desired.set(advices: advices)
        guard !farms.isEmpty else { return }
        reconcile(author: "agent", because: farms.count == 1 ? "advice for \(farms.first ?? "")" : "advice for \(farms.count) farms")
    }

    /// What is half open to a backend that died would stay with it: conntrack pins every retransmission.
    func noteDead(_ turns: [VerdictNews.Turn]) {
        var alive: Set<DeadBackend> = []
        defer { if !alive.isEmpty { sweeper.leave(alive) } }
        for turn in turns {
            guard let farm = desired.farms[turn.farm], farm.mode.usesConntrack,
                let backend = farm.backends.first(where: { $0.name == turn.backend })
            else { continue }
            guard farm.verdictPolicy(of: backend).onDown != .drain else { continue }
            let entries = Self.connections(of: backend, farm)
            if turn.verdict == .down {
                deadBackends.formUnion(entries)
            } else {
                deadBackends.subtract(entries)
                alive.formUnion(entries)
            }
        }
    }

    /// Where the farm's connections to the backend end; a backend that keeps the client's port has one for each of the listeners'.
    private static func connections(of backend: Backend, _ farm: Farm) -> Set<DeadBackend> {
        farm.listeners.filter { $0.address.family == backend.address.family }.reduce(into: []) { entries, listener in
            let entrance = DeadBackend.Entrance(address: listener.address, ports: listener.ports)
            let isReset = farm.verdictPolicy(of: backend).onDown == .reset
            if listener.isWhole {
                for transport in TransportProtocol.allCases where transport.hasPorts {
                    entries.insert(DeadBackend(address: backend.address, port: nil, transport: transport, by: entrance, isReset: isReset))
                }
                return
            }
            for ports in backend.port.map({ [$0] }) ?? listener.ports {
                let port = ports.isSingle ? ports.first : nil
                entries.insert(
                    DeadBackend(address: backend.address, port: port, transport: listener.transport, by: entrance, isReset: isReset))
            }
        }
    }

    func saveVerdictsSoon() {
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
            note(nil, of: .verdicts)
        } catch {
            note(error, of: .verdicts)
        }
        verdictSaves.ended(from: start, to: .now)
    }

    /// Says once that an item cannot be kept or read, and once that it can again.
    func note(_ fault: StateFault?, of item: StateItem) {
        if fault?.message != stateFaults[item] {
            let metadata: Logger.Metadata = ["item": "\(item.rawValue)", "error": "\(fault?.message ?? "none")"]
            if fault == nil {
                log.notice("state is kept again", metadata: metadata)
            } else {
                log.error("state is not kept", metadata: metadata)
            }
        }
        stateFaults[item] = fault?.message
        publish()
    }

    /// Writes again what could not be written.
    func rewriteState() async {
        if stateFaults[.verdicts] != nil { await saveVerdicts() }
        if stateFaults[.overrides] != nil { await saveOverrides() }
        if stateFaults[.handovers] != nil { await saveHandovers() }
        if stateFaults[.lastGood] != nil { await keepFiles() }
        if stateFaults[.counters] != nil { await saveRefusals() }
        if stateFaults[.traffic] != nil { await saveTraffic() }
    }

    /// Keeps the stored verdicts young, as a restart believes them for a minute, and writes again what could not be written.
    public func keepStateFresh() async {
        // Ends when the daemon stops and the sleep is cancelled.
        while (try? await Task.sleep(for: StateKeeper.heartbeat)) != nil {
            if !desired.verdicts.isEmpty { await saveVerdicts() }
            await rewriteState()
            await lookForLosses()
            lookForForwarding()
        }
    }
}
