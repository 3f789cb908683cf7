import HealthPolicy
import ProbeExchanges

#if canImport(Glibc)
    import Glibc
#endif

extension ProbeEngine {
    /// In one probe. They say nothing, but what comes faster than it is looked at would hold up the loop.
    private static let mostEmptyDatagrams = 64

    /// Takes in what the poller has given.
    mutating func hear(_ ready: [Readiness], now: MonotonicInstant) {
        round &+= 1
        for news in ready { hear(news, now: now) }
    }

    private mutating func hear(_ news: Readiness, now: MonotonicInstant) {
        switch news.token {
        case .lent(let descriptor, let added):
            // Mostly that a connection was reset, by ourselves.
            guard let number = borrowers.number(descriptor, added: added) else { return }
            hear(news, number, now: now) { [round] in $0.descriptor == descriptor && $0.round != round }
        case .probe(let number, let serial):
            if !dying.isEmpty, let program = dying[serial] { return bury(program, serial) }
            hear(news, number, now: now) { $0.serial == serial }
        case .bell: break
        }
    }

    /// Nothing where the probe has ended since, or the target is gone.
    private mutating func hear(_ news: Readiness, _ number: Int, now: MonotonicInstant, isOf: (ProbeAttempt) -> Bool) {
        guard number < targets.count, let entry = targets[number] else { return }
        if let attempt = entry.attempt, isOf(attempt) {
            if let program = attempt.program { return hear(program, attempt, entry, number, now: now) }
            if let end = advance(attempt, news) { finish(entry, number, attempt, end, now: now) }
        } else if let kept = entry.kept, isOf(kept) {
            hearIdle(kept, of: entry)
        }
    }

    private enum End {
        case exchange(ProbeOutcome)
        case fault(ConnectFault)
    }

    /// The first word on a connection that is there: a kept one, or a socket that needs no handshake.
    mutating func begin(_ attempt: ProbeAttempt, _ entry: ProbedTarget, _ number: Int, now: MonotonicInstant) {
        attempt.isConnected = true
        if let end = follow(attempt.exchange.opened(), attempt) { finish(entry, number, attempt, end, now: now) }
    }

    private mutating func finish(_ entry: ProbedTarget, _ number: Int, _ attempt: ProbeAttempt, _ end: End, now: MonotonicInstant) {
        switch end {
        case .exchange(.silence) where attempt.isReused: reconnect(attempt, entry, number, now: now)
        case .fault(let fault): finish(entry, number, result(of: fault), startedAt: attempt.startedAt, now: now)
        case .exchange(let outcome): finish(entry, number, result(of: outcome, attempt, entry), startedAt: attempt.startedAt, now: now)
        }
    }

    private mutating func advance(_ attempt: ProbeAttempt, _ news: Readiness) -> End? {
        if !attempt.isConnected {
            if news.isFaulted {
                let fault = ProbeSocket.pendingFault(of: attempt.descriptor)
                return .fault(ConnectFault(errno: fault == 0 ? ECONNRESET : fault, transport: attempt.transport, isHeard: true))
            }
            guard news.isWritable else { return nil }
            attempt.isConnected = true
            let step = attempt.exchange.opened()
            // Until the SYN-ACK is acknowledged a server that speaks first knows of no connection.
            if step == .wait { ProbeSocket.acknowledge(attempt.descriptor) }
            if let end = follow(step, attempt) { return end }
        } else if news.isWritable, !attempt.unsent.isEmpty, let end = send(attempt) {
            return end
        }
        attempt.isClosing = attempt.isClosing || news.isClosing
        return news.isReadable ? receive(attempt) : nil
    }

    private mutating func follow(_ step: ProbeStep, _ attempt: ProbeAttempt) -> End? {
        switch step {
        case .wait: return nil
        case .hangUp:
            attempt.pool = nil
            // Refused only where the peer has closed already, and then that is news of its own.
            shutdown(attempt.descriptor, Int32(SHUT_WR))
            return nil
        case .done(let outcome): return .exchange(outcome)
        case .finish(let bytes, let outcome):
            attempt.unsent += bytes
            _ = send(attempt)
            return .exchange(outcome)
        case .send(let bytes):
            if attempt.unsent.isEmpty { attempt.unsent = bytes } else { attempt.unsent += bytes }
            return send(attempt)
        }
    }

    private func send(_ attempt: ProbeAttempt) -> End? {
        let count = Glibc.send(attempt.descriptor, attempt.unsent, attempt.unsent.count, Int32(MSG_NOSIGNAL))
        guard count >= 0 else { return errno == EAGAIN || errno == EINTR ? nil : broken(attempt, errno, isHeard: false) }
        if count == attempt.unsent.count { attempt.unsent = [] } else { attempt.unsent.removeFirst(count) }
        attempt.stalledAtLastWord = meter.total
        return nil
    }

    /// A stream that breaks has ended, and the exchange knows what that means; a datagram's errors come from ICMP or from our side.
    private func broken(_ attempt: ProbeAttempt, _ errno: Int32, isHeard: Bool) -> End {
        guard !attempt.isStream else { return .exchange(attempt.exchange.closed()) }
        return .fault(ConnectFault(errno: errno, transport: attempt.transport, isHeard: isHeard))
    }

    /// Reads until nothing is left, since news come once an edge; every exchange bounds what it reads, and datagrams without bytes are
    /// counted here, so this ends.
    private mutating func receive(_ attempt: ProbeAttempt) -> End? {
        while true {
            let count = recv(attempt.descriptor, &receiveBuffer, receiveBuffer.count, 0)
            if count < 0 && errno == EAGAIN { return nil }
            if count < 0 && errno == EINTR { continue }
            if count == 0 && !attempt.isStream {
                attempt.emptyDatagrams += 1
                if attempt.emptyDatagrams < Self.mostEmptyDatagrams { continue }
                return .exchange(.failure("\(attempt.emptyDatagrams) empty datagrams"))
            }
            guard count > 0 else { return broken(attempt, errno, isHeard: true) }
            if let end = follow(attempt.exchange.received(receiveBuffer.span.extracting(0..<count)), attempt) { return end }
        }
    }
}
