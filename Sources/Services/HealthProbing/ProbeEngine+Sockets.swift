import HealthPolicy

#if canImport(Glibc)
    import Glibc
#endif

extension ProbeEngine {
    /// Takes in what the kernel has to say of one connection.
    func hear(_ news: Readiness, now: MonotonicInstant) {
        let number = Int(news.token & 0xFFFF_FFFF)
        // News of a probe that has ended since, or of a target that is gone.
        guard number < targets.count, let entry = targets[number], let attempt = entry.attempt,
            attempt.serial == UInt32(news.token >> 32)
        else { return }
        if let end = advance(attempt, news) { finish(entry, number, attempt, end, now: now) }
    }

    private enum End {
        case exchange(ProbeOutcome)
        case fault(ConnectFault)
    }

    private func finish(_ entry: ProbedTarget, _ number: Int, _ attempt: ProbeAttempt, _ end: End, now: MonotonicInstant) {
        switch end {
        case .fault(let fault): finish(entry, number, result(of: fault), startedAt: attempt.startedAt, now: now)
        case .exchange(let outcome): finish(entry, number, result(of: outcome, attempt, entry), startedAt: attempt.startedAt, now: now)
        }
    }

    private func advance(_ attempt: ProbeAttempt, _ news: Readiness) -> End? {
        if !attempt.isConnected {
            if news.isFaulted {
                let fault = ProbeSocket.pendingFault(of: attempt.descriptor)
                return .fault(ConnectFault(errno: fault == 0 ? ECONNRESET : fault))
            }
            guard news.isWritable else { return nil }
            attempt.isConnected = true
            if let outcome = follow(attempt.exchange.opened(), attempt) { return .exchange(outcome) }
        } else if news.isWritable, !attempt.unsent.isEmpty, let outcome = send(attempt) {
            return .exchange(outcome)
        }
        return news.isReadable ? receive(attempt).map(End.exchange) : nil
    }

    private func follow(_ step: ProbeStep, _ attempt: ProbeAttempt) -> ProbeOutcome? {
        switch step {
        case .wait: return nil
        case .done(let outcome): return outcome
        case .send(let bytes):
            attempt.unsent += bytes
            return send(attempt)
        }
    }

    private func send(_ attempt: ProbeAttempt) -> ProbeOutcome? {
        let count = Glibc.send(attempt.descriptor, attempt.unsent, attempt.unsent.count, Int32(MSG_NOSIGNAL))
        guard count >= 0 else { return errno == EAGAIN || errno == EINTR ? nil : attempt.exchange.closed() }
        attempt.unsent.removeFirst(count)
        attempt.stalledAtLastWord = meter.total
        return nil
    }

    /// Reads until nothing is left, since news come once an edge; every exchange bounds what it reads, so this ends.
    private func receive(_ attempt: ProbeAttempt) -> ProbeOutcome? {
        while true {
            let count = recv(attempt.descriptor, &receiveBuffer, receiveBuffer.count, 0)
            if count < 0 && errno == EAGAIN { return nil }
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else { return attempt.exchange.closed() }
            if let outcome = follow(attempt.exchange.received(receiveBuffer.span.extracting(0..<count)), attempt) { return outcome }
        }
    }
}
