import HealthPolicy
import NetTypes

#if canImport(Glibc)
    import Glibc
#endif

/// A socket whose connection has begun.
struct ConnectingSocket {
    let descriptor: Int32
    /// Whether the poller has the descriptor already.
    var isKnown = false
    /// Where it goes when its probe has ended; nil where it is tied to one target.
    var pool: Int?
}

/// Where probes leave from.
///
/// Sockets that go from probe to probe are bound to the address that the kernel chose for the target's last connection: choosing it for each
/// costs a sixteenth of a tcp probe (two moves between the buckets of bhash2, and a second look at the routes). The kernel is asked again
/// twice a minute, and after each failure. IPv6 addresses of a host come and go, so there it always is.
extension ProbeEngine {
    /// Nanoseconds for which a source stays chosen.
    private static let sourceLifetime: Int64 = 30_000_000_000

    mutating func connect(_ entry: ProbedTarget, now: MonotonicInstant) -> Result<ConnectingSocket, ConnectFault> {
        // A socket is lent with its port, and a mark is for one target.
        guard entry.transport == .tcp, entry.origin == nil, entry.mark == nil else {
            makeRoom()
            return connectAlone(entry).map { ConnectingSocket(descriptor: $0) }
        }
        let unbound = IdleSockets.unbound(entry.address.family)
        if let source = entry.source, now.nanoseconds < source.until {
            let connecting = connect(entry, from: Int(source.pool))
            if case .success = connecting { return connecting }
            // The address may not be this host's any more. What else it may be shows without it.
            entry.source = nil
        }
        return connect(entry, from: unbound)
    }

    /// From an idle socket where one is there.
    private mutating func connect(_ entry: ProbedTarget, from pool: Int) -> Result<ConnectingSocket, ConnectFault> {
        if let worn = idle.take(pool) {
            let connecting = ProbeSocket.connectAgain(worn, to: entry.address)
            // Not available: its port has another connection to the target, a kept one perhaps.
            guard case .failure(let fault) = connecting, fault.errno == EADDRNOTAVAIL else {
                return connecting.map { ConnectingSocket(descriptor: $0, isKnown: true, pool: pool) }
            }
        }
        makeRoom()
        return ProbeSocket.connect(to: entry.address, over: .tcp, leaving: nil, from: &ports, at: idle.source(of: pool))
            .map { ConnectingSocket(descriptor: $0, pool: pool) }
    }

    /// Over a socket of its own.
    private mutating func connectAlone(_ entry: ProbedTarget) -> Result<Int32, ConnectFault> {
        let connecting = ProbeSocket.connect(
            to: entry.address, over: entry.transport, leaving: entry.origin, from: &ports, through: passage(of: entry))
        guard case .failure(let fault) = connecting, changesPort(entry, after: fault) else { return connecting }
        return ProbeSocket.connect(
            to: entry.address, over: entry.transport, leaving: entry.origin, from: &ports, through: passage(of: entry))
    }

    /// A probe has ended: what its connection left from, if that was left to the kernel, is where the next ones leave from.
    mutating func learnSource(from attempt: ProbeAttempt, of entry: ProbedTarget, _ result: ProbeResult, now: MonotonicInstant) {
        guard result.isSuccess else {
            entry.source = nil
            return
        }
        entry.hasDoubted = false
        guard entry.address.family == .ipv4, attempt.pool == IdleSockets.unbound(.ipv4), !attempt.isReused else { return }
        entry.source = ProbeSocket.source(of: attempt.descriptor).map {
            (Int32(idle.pool(from: $0)), now.nanoseconds + Self.sourceLifetime)
        }
    }

    /// Whether a probe left from an address which the kernel would no longer choose: its answer may have gone astray. Said once in a run of
    /// failures, as the next probe is left to the kernel anyhow.
    func isInDoubt(_ attempt: ProbeAttempt, _ entry: ProbedTarget) -> Bool {
        guard !entry.hasDoubted, let source = attempt.pool.flatMap(idle.source) else { return false }
        return ProbeSocket.source(towards: entry.address).map { $0 != source } ?? false
    }
}
