import FarmModel
import HealthPolicy

#if canImport(Glibc)
    import Glibc
#endif

/// Probes through farms' rules, and why they fail.
extension ProbeEngine {
    /// Nil for a probe that goes past the rules.
    func passage(of entry: ProbedTarget) -> MarkedPassage? {
        guard let mark = entry.mark, let entrance = entry.target.entrance, let port = entry.sourcePort else { return nil }
        // Towards the listener it would often be the listener's own, as hosts hold theirs.
        let source = entrance.kind == .translated ? ProbeSocket.source(towards: SocketAddress(entrance.backend)) : nil
        return MarkedPassage(value: mark, source: source, port: port)
    }

    /// A port that no other target of the listener's port leaves from: conntrack and the rules tell flows by it. False when there is none.
    mutating func reservePort(for entry: ProbedTarget) -> Bool {
        guard entry.mark != nil, let entrance = entry.target.entrance, entry.sourcePort == nil else { return true }
        let taken = passagePorts[entrance.listener.port, default: []]
        guard let port = ports.take(besides: taken) else { return false }
        passagePorts[entrance.listener.port, default: []].insert(port)
        entry.sourcePort = port
        return true
    }

    mutating func releasePort(of entry: ProbedTarget) {
        guard let port = entry.sourcePort, let entrance = entry.target.entrance else { return }
        passagePorts[entrance.listener.port]?.remove(port)
        entry.sourcePort = nil
    }

    /// Its port may be in use: by somebody else, or by its own last connection where that has ended in peace (TIME_WAIT).
    mutating func changesPort(_ entry: ProbedTarget, after fault: ConnectFault) -> Bool {
        guard entry.sourcePort != nil, [EADDRINUSE, EADDRNOTAVAIL].contains(fault.errno) else { return false }
        releasePort(of: entry)
        return reservePort(for: entry)
    }

    /// A connection that the kernel would not even begin.
    mutating func refusal(_ fault: ConnectFault, _ entry: ProbedTarget) -> ProbeResult {
        guard entry.mark != nil, let entrance = entry.target.entrance else { return result(of: fault) }
        guard entrance.kind == .translated, fault.errno == ENETUNREACH || fault.errno == EHOSTUNREACH else { return result(of: fault) }
        return .failure("this host has no route to \(entrance.listener.address): give it the address, or a route")
    }

    /// The same failure, with what asking the backend itself has shown. That takes a probe of its own, so it is said from the next on.
    mutating func explained(
        _ result: ProbeResult, _ entry: ProbedTarget, _ number: Int, wasConnected: Bool, now: MonotonicInstant
    ) -> ProbeResult {
        guard case .failure(let words) = result else {
            if result.isSuccess { entry.testimony = nil }
            return result
        }
        entry.failure = PassageFailure(words, wasConnected: wasConnected, timeout: entry.target.check.timeout)
        askWitness(entry, number, now: now)
        return entry.testimony.map { .failure("\(words); \($0)") } ?? result
    }

    private mutating func askWitness(_ entry: ProbedTarget, _ number: Int, now: MonotonicInstant) {
        guard entry.witness == nil, hasRoom else { return }
        let target = entry.target.witness
        let witness = ProbedTarget(
            target: target, schedule: entry.schedule, phaseNumber: entry.phaseNumber, state: HealthState(unprobedAt: now),
            firstStart: now, durationNumber: entry.durationNumber, principal: number)
        let place = place(witness)
        entry.witness = place
        open(witness, place, startedAt: now, now: now)
    }

    mutating func testify(_ result: ProbeResult, _ number: Int, for principal: Int) {
        vacate(number)
        guard let entry = targets[principal], entry.witness == number else { return }
        entry.witness = nil
        entry.testimony = testimony(result, on: entry)
    }

    /// Nil when nothing follows from it.
    private func testimony(_ result: ProbeResult, on entry: ProbedTarget) -> String? {
        guard let entrance = entry.target.entrance else { return nil }
        switch result {
        case .late: return nil
        case .failure(let words): return "asked directly, \(entrance.backend) fails too (\(words))"
        case .success: return "\(entrance.backend) answers when asked directly" + entry.failure.conclusion(entrance)
        }
    }
}

/// How far a probe through a farm's rules has come.
enum PassageFailure: Equatable {
    case refused
    /// Nothing was heard.
    case unreached
    /// A connection came about, and nothing over it.
    case mute
    /// It was answered, and not as expected.
    case answered

    /// The deadline's words are those of `ProbeEngine.settle`.
    init(_ words: String, wasConnected: Bool, timeout: Duration) {
        guard wasConnected else {
            self = words.hasPrefix("connection refused") ? .refused : .unreached
            return
        }
        self = words.hasSuffix("within \(timeout.shortText)") ? .mute : .answered
    }

    /// What follows, when the backend itself answers as expected.
    func conclusion(_ entrance: ProbeEntrance) -> String {
        let address = entrance.listener.address
        switch (self, entrance.kind) {
        case (.refused, .direct): return ": no server there listens at \(entrance.listener)"
        case (.unreached, .direct):
            let bits = address.family == .ipv4 ? 32 : 128
            let binding = entrance.transport == .udp ? ", and is the server bound to it?" : ""
            return
                ", so the backend does not answer for \(address): is it on its loopback?\(binding) (ip address add \(address)/\(bits) dev lo)"
        case (.refused, _), (.unreached, _): return ": look for another firewall, rp_filter or route on this host"
        case (.mute, _): return ": connections come about, but larger packets seem to be lost (MTU?)"
        case (.answered, _): return ": the server answers otherwise when it is asked as \(entrance.listener)"
        }
    }
}
