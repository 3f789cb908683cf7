import HealthPolicy
import ProbeExchanges

#if canImport(Glibc)
    import Glibc
#endif

/// Connections that outlast their probe.
extension ProbeEngine {
    /// Octets between two probes: some tickets for TLS sessions. Who says more has the connection closed.
    private static let mostWhileIdle = 65_536

    /// A probe has ended: its connection is kept for the next one where both sides allow it, or closed.
    mutating func release(_ attempt: ProbeAttempt, of entry: ProbedTarget, _ result: ProbeResult) {
        guard result.isSuccess, !attempt.isClosing, attempt.unsent.isEmpty, counts.kept < bounds.kept, attempt.exchange.isReusable,
            isQuiet(attempt.descriptor)
        else { return disconnect(attempt) }
        attempt.exchange.rest()
        entry.kept = attempt
        counts.inFlight -= 1
        counts.kept += 1
    }

    /// Whether nothing lies unread on the connection: the next probe would take it for its answer.
    private func isQuiet(_ descriptor: Int32) -> Bool {
        var octet: UInt8 = 0
        return recv(descriptor, &octet, 1, Int32(MSG_PEEK | MSG_DONTWAIT)) < 0 && errno == EAGAIN
    }

    /// What is heard between probes: mostly that the server has had enough, which is no failure.
    mutating func hearIdle(_ kept: ProbeAttempt, of entry: ProbedTarget) {
        while kept.heardWhileIdle <= Self.mostWhileIdle {
            let count = recv(kept.descriptor, &receiveBuffer, receiveBuffer.count, 0)
            if count < 0 && errno == EINTR { continue }
            if count < 0 && errno == EAGAIN { return }
            guard count > 0, kept.exchange.receivedWhileIdle(receiveBuffer.span.extracting(0..<count)) else { break }
            kept.heardWhileIdle += count
        }
        dropKept(of: entry)
    }

    mutating func dropKept(of entry: ProbedTarget) {
        guard let kept = entry.kept else { return }
        if kept.isLent { borrowers.takeBack(kept.descriptor) }
        close(kept.descriptor)
        counts.kept -= 1
        entry.kept = nil
    }

    /// Takes the kept connection back into use.
    mutating func resume(_ kept: ProbeAttempt, _ entry: ProbedTarget, _ number: Int, now: MonotonicInstant) {
        entry.kept = nil
        counts.kept -= 1
        counts.inFlight += 1
        counts.reused += 1
        kept.beginAgain(at: now, stalledBefore: meter.total)
        entry.attempt = kept
        wheel.set(number, at: now.nanoseconds + entry.timeout)
        begin(kept, entry, number, now: now)
    }

    /// The server closed the kept connection before it heard us: the probe goes on over a new one, within the same deadline.
    mutating func reconnect(_ stale: ProbeAttempt, _ entry: ProbedTarget, _ number: Int, now: MonotonicInstant) {
        let (startedAt, stalledBefore) = (stale.startedAt, stale.stalledBefore)
        disconnect(stale)
        entry.attempt = nil
        open(entry, number, startedAt: startedAt, stalledBefore: stalledBefore, now: now)
    }
}
