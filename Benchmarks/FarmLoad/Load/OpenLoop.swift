import Glibc

/// Starts flows at even instants whatever becomes of the earlier ones, and records how each ends.
final class OpenLoop {
    struct Plan {
        let target: Endpoint
        let exchange: Exchange
        let count: Int
        /// New flows per second.
        let rate: Double
        /// For the whole flow, from the start to the complete answer.
        let timeout: Duration
        /// The client's end of flow n; nil leaves it to the kernel.
        var source: (Int) -> Endpoint? = { _ in nil }

        func start(of number: Int, from beginning: Monotonic) -> Monotonic {
            beginning + .nanoseconds(Int64(Double(number) * 1e9 / rate))
        }
    }

    private let plan: Plan
    private let poller: Poller
    private var flows: [Flow?]
    private var deadlines = DeadlineQueue()
    private var inFlight = 0
    private var nextNumber = 0
    private(set) var record: FlowRecord

    init(_ plan: Plan) throws {
        self.plan = plan
        flows = Array(repeating: nil, count: try Socket.raiseDescriptorLimit())
        poller = try Poller()
        record = FlowRecord(expecting: plan.count)
    }

    func run() throws {
        record.begun = .now()
        while !poller.stopRequested && (nextNumber < plan.count || inFlight > 0) {
            startDueFlows()
            for ready in try poller.wait(until: nextInstant) { advance(ready) }
            expireFlows()
        }
        record.ended = .now()
    }

    private var nextInstant: Monotonic? {
        let start = nextNumber < plan.count ? plan.start(of: nextNumber, from: record.begun) : nil
        return [start, deadlines.first].compactMap { $0 }.min()
    }

    private func startDueFlows() {
        let now = Monotonic.now()
        while nextNumber < plan.count, plan.start(of: nextNumber, from: record.begun) <= now {
            record.noteLateness(now - plan.start(of: nextNumber, from: record.begun))
            start(number: nextNumber)
            nextNumber += 1
        }
    }

    private func start(number: Int) {
        let begun = Monotonic.now()
        do {
            var flow = try Flow(number: number, exchange: plan.exchange, to: plan.target, from: plan.source(number))
            record.started += 1
            inFlight += 1
            let progress = flow.ask("flow \(number)", of: plan.target)
            flows[Int(flow.descriptor)] = flow
            deadlines.append(flow.started + plan.timeout, flow: number, descriptor: flow.descriptor)
            try poller.add(flow.descriptor)
            settle(flow, progress)
        } catch let failure as SystemCallFailure where !FailureKind.isLocal(failure.code) {
            // Told at once by connect or bind: as much a result as a refusal that takes a round trip.
            record.started += 1
            record.fail(Failure(kind: FailureKind(code: failure.code), startedNs: begun, failedNs: .now(), client: client(number)))
        } catch {
            record.noteLocalError("\(error)")
        }
    }

    private func advance(_ ready: Poller.Ready) {
        let index = Int(ready.descriptor)
        guard let progress = flows[index]?.handle(ready), let flow = flows[index] else { return }
        settle(flow, progress)
    }

    private func expireFlows() {
        let now = Monotonic.now()
        while let entry = deadlines.popFirst(dueAt: now) {
            guard let flow = flows[Int(entry.descriptor)], flow.number == entry.flow else { continue }
            settle(flow, .failed(.timeout))
        }
    }

    private func settle(_ flow: Flow, _ progress: Flow.Progress) {
        switch progress {
        case .waiting: return
        case .answered(let backend):
            record.answer(by: backend, after: .now() - flow.started, client: client(flow.number))
        case .failed(let kind):
            record.fail(Failure(kind: kind, startedNs: flow.started, failedNs: .now(), client: client(flow.number)))
        }
        flow.close()
        flows[Int(flow.descriptor)] = nil
        inFlight -= 1
    }

    private func client(_ number: Int) -> String? { plan.source(number)?.description }
}
