import FarmModel
import HealthPolicy

#if canImport(Glibc)
    import Glibc
#endif

/// Probes through farms' rules, and why they fail.
extension ProbeEngine {
    func passage(of entry: ProbedTarget) -> MarkedPassage? {
        guard let mark = entry.mark, let entrance = entry.target.entrance else { return nil }
        let port = entry.sourcePort ?? ports.take()
        entry.sourcePort = port
        let source = entrance.kind == .translated ? MarkedPassage.source(towards: entrance.backend) : nil
        return MarkedPassage(value: mark, source: source, port: port)
    }

    /// A connection that the kernel would not even begin.
    func refusal(_ fault: ConnectFault, _ entry: ProbedTarget) -> ProbeResult {
        guard entry.mark != nil, let entrance = entry.target.entrance else { return result(of: fault) }
        // Somebody else's, or the last probe's own: another one next time.
        entry.sourcePort = nil
        guard entrance.kind == .translated, fault.errno == ENETUNREACH || fault.errno == EHOSTUNREACH else { return result(of: fault) }
        return .failure("this host has no route to \(entrance.listener.address): give it the address, or a route")
    }

    /// The same failure, with what asking the backend itself has shown. That takes a probe of its own, so it is said from the next on.
    func explained(
        _ result: ProbeResult, _ entry: ProbedTarget, _ number: Int, wasConnected: Bool, now: MonotonicInstant
    ) -> ProbeResult {
        guard case .failure(let words) = result else {
            if result.isSuccess { entry.testimony = nil }
            return result
        }
        entry.hasFailedConnected = wasConnected
        entry.hasBeenRefused = words.hasPrefix("connection refused")
        askWitness(entry, number, now: now)
        return entry.testimony.map { .failure("\(words); \($0)") } ?? result
    }

    private func askWitness(_ entry: ProbedTarget, _ number: Int, now: MonotonicInstant) {
        guard entry.witness == nil, hasRoom else { return }
        let target = entry.target.witness
        let witness = ProbedTarget(
            target: target, schedule: entry.schedule, phaseNumber: entry.phaseNumber, state: HealthState(unprobedAt: now),
            firstStart: now, principal: number)
        let place = place(witness)
        entry.witness = place
        open(witness, place, startedAt: now, now: now)
    }

    func testify(_ result: ProbeResult, _ number: Int, for principal: Int) {
        vacate(number)
        guard let entry = targets[principal], entry.witness == number else { return }
        entry.witness = nil
        entry.testimony = testimony(result, on: entry)
    }

    /// Nil when nothing follows from it.
    private func testimony(_ result: ProbeResult, on entry: ProbedTarget) -> String? {
        guard let entrance = entry.target.entrance else { return nil }
        let (listener, backend) = (entrance.listener, entrance.backend)
        switch result {
        case .late: return nil
        case .failure(let words): return "asked directly, \(backend) fails too (\(words))"
        case .success where entrance.kind == .direct:
            if entry.hasBeenRefused { return "\(backend) answers when asked directly: no server there listens at \(listener)" }
            if entry.hasFailedConnected { return "\(backend) answers when asked directly: the server there treats \(listener) otherwise" }
            return
                "\(backend) answers when asked directly, so the backend does not answer for \(listener.address): is it on its loopback? "
                + "(ip addr add \(listener.address)/\(listener.address.family == .ipv4 ? 32 : 128) dev lo)"
        case .success:
            if entry.hasFailedConnected {
                return "\(backend) answers when asked directly: connections come about, but larger packets are lost (MTU?)"
            }
            return "\(backend) answers when asked directly: look for another firewall, rp_filter or route on this host"
        }
    }
}
