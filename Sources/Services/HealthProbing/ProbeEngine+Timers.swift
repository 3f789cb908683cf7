import HealthPolicy

extension ProbeEngine {
    /// Starts and deadlines between two looks at the sockets: a batch of connects must not hold up the results that wait.
    private static let timersPerTurn = 32

    /// When the loop has to be awake again; nil when nothing is planned.
    func sleepLimit(now: MonotonicInstant) -> Int64? {
        if canStartPostponed { return now.nanoseconds }
        guard let earliest = wheel.earliest else { return nil }
        return counts.inFlight > 0 ? min(earliest, now.nanoseconds + StallMeter.longestSleep) : earliest
    }

    /// Lets deadlines pass and probes start that are due. The sockets have to have been looked at before: an answer that is there counts.
    /// Returns whether more is due.
    func runTimers(now: MonotonicInstant) -> Bool {
        meter.worked(until: now.nanoseconds)
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

    private var canStartPostponed: Bool { !postponed.isEmpty && counts.inFlight < inFlightLimit }

    private func fire(_ number: Int, now: MonotonicInstant) {
        guard let entry = targets[number] else { return }
        if let attempt = entry.attempt {
            settle(attempt.exchange.expired(), isConnected: attempt.isConnected, entry, number, now: now)
        } else if entry.schedule.isMissed(entry.plannedStart, pace: entry.state.pace, now: now) {
            entry.plannedStart = entry.schedule.resumedStart(after: now, pace: entry.state.pace)
            plan(entry, number, now: now)
        } else if counts.inFlight < inFlightLimit {
            start(entry, number, now: now)
        } else {
            counts.postponed += 1
            entry.isPostponed = true
            postponed.append(number)
        }
    }

    /// The target may have been removed since, or its number given to another.
    private func startPostponed(_ number: Int, now: MonotonicInstant) {
        guard let entry = targets[number], entry.isPostponed else { return }
        entry.isPostponed = false
        start(entry, number, now: now)
    }

    private func start(_ entry: ProbedTarget, _ number: Int, now: MonotonicInstant) {
        guard let exchange = entry.target.exchange() else { return }
        counts.started += 1
        switch ProbeSocket.connect(to: entry.address, from: &ports) {
        case .failure(let fault): finish(entry, number, result(of: fault), startedAt: now, now: now)
        case .success(let descriptor): watch(descriptor, entry, number, exchange, now: now)
        }
    }

    private func watch(_ descriptor: Int32, _ entry: ProbedTarget, _ number: Int, _ exchange: any ProbeExchange, now: MonotonicInstant) {
        nextSerial &+= 1
        let attempt = ProbeAttempt(
            descriptor: descriptor, serial: nextSerial, startedAt: now, stalledBefore: meter.total, exchange: exchange)
        counts.inFlight += 1
        entry.attempt = attempt
        wheel.set(number, at: now.nanoseconds + entry.timeout)
        let fault = poller.add(descriptor, token: UInt64(attempt.serial) << 32 | UInt64(number))
        if fault != 0 { finish(entry, number, .late(ConnectFault(errno: fault).words), startedAt: now, now: now) }
    }

    func result(of fault: ConnectFault) -> ProbeResult {
        guard fault.isOurs else { return .failure(fault.words) }
        counts.ownTrouble += 1
        return .late(fault.words)
    }
}
