import Glibc

/// Long-lived connections that exchange a line at every interval, and what becomes of each.
final class LongRun {
    struct Plan {
        let target: Endpoint
        let exchange: Exchange
        let count: Int
        let duration: Duration
        let interval: Duration
        /// How long a line may stay unanswered before its connection counts as dead.
        let timeout: Duration
        var source: (Int) -> Endpoint? = { _ in nil }
    }

    struct Line {
        var asked: Monotonic
        var isOpen: Bool
        var nextAsk: Monotonic
    }

    private let plan: Plan
    private let poller: Poller
    private var flows: [Int32: Flow] = [:]
    private var lines: [Int32: Line] = [:]
    private var backends: [Int: String] = [:]
    private(set) var record = LongRecord()

    init(_ plan: Plan) throws {
        self.plan = plan
        _ = try Socket.raiseDescriptorLimit()
        poller = try Poller()
    }

    func run() throws {
        record.begun = .now()
        let end = record.begun + plan.duration
        for number in 0..<plan.count { open(number) }
        while !poller.stopRequested && Monotonic.now() < end && !flows.isEmpty {
            let next = lines.values.map { $0.isOpen ? $0.asked + plan.timeout : $0.nextAsk }.min()
            for ready in try poller.wait(until: min(next ?? end, end)) { advance(ready) }
            askAndExpire()
        }
        record.ended = .now()
        record.alive = flows.count
        for flow in flows.values { record.aliveBackends[backends[flow.number] ?? "none yet", default: 0] += 1 }
        for flow in flows.values { flow.close() }
    }

    private func open(_ number: Int) {
        let begun = Monotonic.now()
        do {
            var flow = try Flow(number: number, exchange: plan.exchange, to: plan.target, from: plan.source(number))
            try poller.add(flow.descriptor)
            // Spread over the interval, so that the lines of all connections do not come in one clump.
            let phase = Duration.nanoseconds(plan.interval.nanoseconds * Int64(number) / Int64(max(1, plan.count)))
            let progress = flow.ask("flow \(number)", of: plan.target)
            flows[flow.descriptor] = flow
            lines[flow.descriptor] = Line(asked: begun, isOpen: true, nextAsk: begun + plan.interval + phase)
            settle(flow, progress)
        } catch {
            let code = (error as? SystemCallFailure)?.code ?? 0
            record.failures.append(LongFailure(flow: number, kind: FailureKind(code: code), atNs: .now(), backend: nil))
        }
    }

    private func advance(_ ready: Poller.Ready) {
        guard let progress = flows[ready.descriptor]?.handle(ready), let flow = flows[ready.descriptor] else { return }
        settle(flow, progress)
    }

    private func askAndExpire() {
        let now = Monotonic.now()
        for (descriptor, line) in lines {
            guard let flow = flows[descriptor] else { continue }
            if line.isOpen, line.asked + plan.timeout <= now {
                settle(flow, .failed(.timeout))
            } else if !line.isOpen, line.nextAsk <= now {
                ask(descriptor, at: now)
            }
        }
    }

    private func ask(_ descriptor: Int32, at now: Monotonic) {
        guard let nextAsk = lines[descriptor]?.nextAsk, let number = flows[descriptor]?.number else { return }
        lines[descriptor] = Line(asked: now, isOpen: true, nextAsk: max(nextAsk + plan.interval, now))
        guard let progress = flows[descriptor]?.ask("flow \(number)", of: plan.target), let flow = flows[descriptor] else { return }
        settle(flow, progress)
    }

    private func settle(_ flow: Flow, _ progress: Flow.Progress) {
        switch progress {
        case .waiting: return
        case .answered(let backend): answer(flow, by: backend)
        case .failed(let kind): fail(flow, kind)
        }
    }

    private func answer(_ flow: Flow, by backend: String) {
        guard var line = lines[flow.descriptor] else { return }
        record.exchanges += 1
        record.longestAnswer = max(record.longestAnswer, .now() - line.asked)
        if let earlier = backends.updateValue(backend, forKey: flow.number), earlier != backend { record.backendChanges += 1 }
        line.isOpen = false
        lines[flow.descriptor] = line
    }

    /// A datagram flow has no connection to lose: a line that got no answer is counted and the flow goes on.
    private func fail(_ flow: Flow, _ kind: FailureKind) {
        if plan.exchange.isDatagram {
            record.lostDatagrams += 1
            lines[flow.descriptor]?.isOpen = false
            return
        }
        record.failures.append(LongFailure(flow: flow.number, kind: kind, atNs: .now(), backend: backends[flow.number]))
        flow.close()
        flows[flow.descriptor] = nil
        lines[flow.descriptor] = nil
    }
}
