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
    mutating func runTimers(now: MonotonicInstant) -> Bool {
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

    private mutating func fire(_ number: Int, now: MonotonicInstant) {
        guard let entry = targets[number] else { return }
        if let attempt = entry.attempt {
            settle(attempt.exchange.expired(), isConnected: attempt.isConnected, entry, number, now: now)
        } else if entry.schedule.isMissed(
            entry.schedule.jittered(entry.plannedStart, pace: entry.pace), pace: entry.pace, now: now)
        {
            entry.plannedStart = entry.schedule.resumedStart(after: now, pace: entry.pace)
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
    mutating func startPostponed(_ number: Int, now: MonotonicInstant) {
        guard let entry = targets[number], entry.isPostponed else { return }
        entry.isPostponed = false
        start(entry, number, now: now)
    }

    private mutating func start(_ entry: ProbedTarget, _ number: Int, now: MonotonicInstant) {
        if entry.isProgram, case .exec(let check) = entry.target.check.kind { return run(check, entry, number, now: now) }
        counts.started += 1
        if let kept = entry.kept {
            resume(kept, entry, number, now: now)
        } else {
            open(entry, number, startedAt: now, now: now)
        }
    }

    /// Begins to talk over a new socket. The deadline counts from `startedAt`, and so do stalls: from what the meter showed then.
    mutating func open(
        _ entry: ProbedTarget, _ number: Int, startedAt: MonotonicInstant, stalledBefore: Int64? = nil, now: MonotonicInstant
    ) {
        guard let exchange = exchange(for: entry, number, startedAt: startedAt, now: now) else { return }
        switch connect(entry, now: now) {
        case .failure(let fault): finish(entry, number, refusal(fault, entry), startedAt: startedAt, now: now)
        case .success(let socket):
            let attempt = attempt(entry, socket, exchange, startedAt: startedAt, stalledBefore: stalledBefore ?? meter.total)
            watch(attempt, entry, number, isKnown: socket.isKnown, now: now)
        }
    }

    private mutating func attempt(
        _ entry: ProbedTarget, _ socket: ConnectingSocket, _ exchange: any ProbeExchange, startedAt: MonotonicInstant, stalledBefore: Int64
    ) -> ProbeAttempt {
        nextSerial &+= 1
        guard let spare = spares.popLast() else {
            return ProbeAttempt(
                descriptor: socket.descriptor, serial: nextSerial, transport: entry.transport, startedAt: startedAt,
                stalledBefore: stalledBefore, exchange: exchange, pool: socket.pool, round: round)
        }
        spare.become(
            descriptor: socket.descriptor, serial: nextSerial, transport: entry.transport, startedAt: startedAt,
            stalledBefore: stalledBefore, exchange: exchange, pool: socket.pool, round: round)
        return spare
    }

    /// The talk, in TLS where it is asked for. Nil after a result that says what we lack.
    private mutating func exchange(for entry: ProbedTarget, _ number: Int, startedAt: MonotonicInstant, now: MonotonicInstant) -> (
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
    mutating func watch(_ attempt: ProbeAttempt, _ entry: ProbedTarget, _ number: Int, isKnown: Bool = false, now: MonotonicInstant) {
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
    private mutating func addToPoller(_ attempt: ProbeAttempt, _ number: Int) -> Int32 {
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

    mutating func result(of fault: ConnectFault) -> ProbeResult {
        guard fault.isOurs else { return .failure(fault.words) }
        counts.ownTrouble += 1
        return .late(fault.words)
    }
}
