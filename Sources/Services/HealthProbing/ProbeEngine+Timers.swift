import HealthPolicy
import NetTypes
import ProbeExchanges

#if canImport(Glibc)
    import Glibc
#endif

extension ProbeEngine {
    /// Starts and deadlines between two looks at the sockets: a batch of connects must not hold up the results that wait.
    private static let timersPerTurn = 32

    /// When the loop has to be awake again; nil when nothing is planned.
    func sleepLimit(now: MonotonicInstant) -> Int64? {
        if canStartPostponed || canStartProgram { return now.nanoseconds }
        guard let earliest = wheel.earliest else { return nil }
        return counts.inFlight > 0 ? min(earliest, now.nanoseconds + StallMeter.longestSleep) : earliest
    }

    /// Lets deadlines pass and probes start that are due. The sockets have to have been looked at before: an answer that is there counts.
    /// Returns whether more is due.
    func runTimers(now: MonotonicInstant) -> Bool {
        meter.worked(until: now.nanoseconds)
        startWaitingPrograms(now: now)
        for _ in 0..<Self.timersPerTurn {
            if canStartPostponed, let number = postponed.popFirst() {
                startPostponed(number, now: now)
            } else if let number = wheel.popDue(at: now.nanoseconds) {
                fire(number, now: now)
            } else {
                return false
            }
        }
        return true
    }

    private var canStartPostponed: Bool { !postponed.isEmpty && hasRoom }

    private func fire(_ number: Int, now: MonotonicInstant) {
        guard let entry = targets[number] else { return }
        if let attempt = entry.attempt {
            settle(attempt.exchange.expired(), isConnected: attempt.isConnected, entry, number, now: now)
        } else if entry.schedule.isMissed(
            entry.schedule.jittered(entry.plannedStart, pace: entry.state.pace), pace: entry.state.pace, now: now)
        {
            entry.plannedStart = entry.schedule.resumedStart(after: now, pace: entry.state.pace)
            plan(entry, number, now: now)
        } else if entry.kept != nil || hasRoom {
            start(entry, number, now: now)
        } else {
            counts.postponed += 1
            entry.isPostponed = true
            postponed.append(number)
        }
    }

    /// The target may have been removed since, or its number given to another.
    func startPostponed(_ number: Int, now: MonotonicInstant) {
        guard let entry = targets[number], entry.isPostponed else { return }
        entry.isPostponed = false
        start(entry, number, now: now)
    }

    private func start(_ entry: ProbedTarget, _ number: Int, now: MonotonicInstant) {
        if entry.isProgram, case .exec(let check) = entry.target.check.kind { return run(check, entry, number, now: now) }
        counts.started += 1
        if let kept = entry.kept {
            resume(kept, entry, number, now: now)
        } else {
            open(entry, number, startedAt: now, now: now)
        }
    }

    /// Begins to talk over a new socket. The deadline counts from `startedAt`, and so do stalls: from what the meter showed then.
    func open(_ entry: ProbedTarget, _ number: Int, startedAt: MonotonicInstant, stalledBefore: Int64? = nil, now: MonotonicInstant) {
        guard let exchange = exchange(for: entry, number, startedAt: startedAt, now: now) else { return }
        // A socket is lent with its port, and a mark is for one target.
        let family = entry.transport == .tcp && entry.origin == nil && entry.mark == nil ? entry.address.family : nil
        switch connect(entry, family) {
        case .failure(let fault): finish(entry, number, refusal(fault, entry), startedAt: startedAt, now: now)
        case .success(let (descriptor, isKnown)):
            let attempt = attempt(entry, descriptor, exchange, family, startedAt: startedAt, stalledBefore: stalledBefore ?? meter.total)
            watch(attempt, entry, number, isKnown: isKnown, now: now)
        }
    }

    private func attempt(
        _ entry: ProbedTarget, _ descriptor: Int32, _ exchange: any ProbeExchange, _ family: AddressFamily?, startedAt: MonotonicInstant,
        stalledBefore: Int64
    ) -> ProbeAttempt {
        nextSerial &+= 1
        guard let spare = spares.popLast() else {
            return ProbeAttempt(
                descriptor: descriptor, serial: nextSerial, transport: entry.transport, startedAt: startedAt, stalledBefore: stalledBefore,
                exchange: exchange, reusableFamily: family, round: round)
        }
        spare.become(
            descriptor: descriptor, serial: nextSerial, transport: entry.transport, startedAt: startedAt, stalledBefore: stalledBefore,
            exchange: exchange, reusableFamily: family, round: round)
        return spare
    }

    /// From an idle socket where one of that family will do; the poller knows it already.
    private func connect(_ entry: ProbedTarget, _ family: AddressFamily?) -> Result<(descriptor: Int32, isKnown: Bool), ConnectFault> {
        if let worn = family.flatMap({ idle.take($0) }) {
            let connecting = ProbeSocket.connectAgain(worn, to: entry.address)
            // Not available: its port has another connection to the target, a kept one perhaps.
            guard case .failure(let fault) = connecting, fault.errno == EADDRNOTAVAIL else { return connecting.map { ($0, isKnown: true) } }
        }
        makeRoom()
        return connectAnew(entry).map { ($0, isKnown: false) }
    }

    private func connectAnew(_ entry: ProbedTarget) -> Result<Int32, ConnectFault> {
        let connecting = ProbeSocket.connect(
            to: entry.address, over: entry.transport, leaving: entry.origin, from: &ports, through: passage(of: entry))
        guard case .failure(let fault) = connecting, changesPort(entry, after: fault) else { return connecting }
        return ProbeSocket.connect(
            to: entry.address, over: entry.transport, leaving: entry.origin, from: &ports, through: passage(of: entry))
    }

    /// The talk, in TLS where it is asked for. Nil after a result that says what we lack.
    private func exchange(for entry: ProbedTarget, _ number: Int, startedAt: MonotonicInstant, now: MonotonicInstant) -> (
        any ProbeExchange
    )? {
        if entry.mark == nil, let entrance = entry.target.entrance {
            finish(entry, number, .late("no mark is left for probes via \(entrance.listener.address)"), startedAt: startedAt, now: now)
            return nil
        }
        guard reservePort(for: entry) else {
            finish(entry, number, .late("no source port is left for probes via vip"), startedAt: startedAt, now: now)
            return nil
        }
        guard let plain = entry.target.exchange(nonce: .random(in: 0...UInt64.max)) else { return nil }
        guard entry.isWithinTLS, let tls = entry.target.check.way.tls else { return plain }
        do throws(TLSTrouble) {
            return try TLSExchange(tls, inner: plain, target: entry.target, contexts: &tlsContexts)
        } catch {
            counts.ownTrouble += 1
            finish(entry, number, .late(error.words), startedAt: startedAt, now: now)
            return nil
        }
    }

    /// `isKnown`: the poller has the descriptor already.
    func watch(_ attempt: ProbeAttempt, _ entry: ProbedTarget, _ number: Int, isKnown: Bool = false, now: MonotonicInstant) {
        counts.inFlight += 1
        entry.attempt = attempt
        wheel.set(number, at: attempt.startedAt.nanoseconds + entry.timeout)
        let fault = isKnown ? 0 : addToPoller(attempt, number)
        if attempt.isLent { borrowers.lend(attempt.descriptor, to: number) }
        if fault != 0 {
            finish(entry, number, .late(ConnectFault(errno: fault).words), startedAt: attempt.startedAt, now: now)
        } else if attempt.transport.hasNoHandshake {
            begin(attempt, entry, number, now: now)
        }
    }

    /// 0, or the errno.
    private func addToPoller(_ attempt: ProbeAttempt, _ number: Int) -> Int32 {
        if attempt.isLent {
            let added = attempt.serial & 0x7FFF_FFFF
            borrowers.add(attempt.descriptor, added: added)
            return poller.add(attempt.descriptor, token: .lent(attempt.descriptor, added: added))
        }
        let token = Poller.Token.probe(number: number, serial: attempt.serial)
        let fault = poller.add(attempt.descriptor, token: token)
        guard fault == 0, let program = attempt.program else { return fault }
        return poller.add(program.descriptor, token: token)
    }

    func result(of fault: ConnectFault) -> ProbeResult {
        guard fault.isOurs else { return .failure(fault.words) }
        counts.ownTrouble += 1
        return .late(fault.words)
    }
}
