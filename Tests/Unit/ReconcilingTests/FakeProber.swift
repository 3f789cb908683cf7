import FarmModel
import HealthPolicy
import NetTypes
import Reconciling
import Seams
import Synchronization

/// Knows what it is told to know, and reports it when asked to probe a target anew.
final class FakeProber: Prober {
    private struct State {
        var targets: [ProbeTarget: Verdict?] = [:]
        /// What a first probe finds; nil: no answer yet.
        var answer: Verdict? = .up
    }
    private let inbox: Inbox
    private let state = Mutex(State())

    init(inbox: Inbox, answering answer: Verdict? = .up) {
        self.inbox = inbox
        state.withLock { $0.answer = answer }
    }

    var targets: [ProbeTarget: Verdict?] { state.withLock(\.targets) }

    /// No probe is answered from now on.
    func fallSilent() { state.withLock { $0.answer = nil } }

    func setTargets(_ targets: [ProbeTarget: Verdict?], marks: [ProbeEntrance: UInt32]) {
        let news = state.withLock { state in
            defer { state.targets = targets }
            guard let answer = state.answer else { return [ProbeTarget]() }
            return targets.filter { state.targets[$0.key] == nil && $0.value != answer }.map(\.key)
        }
        if let answer = state.withLock(\.answer) { report(news, answer) }
    }

    func state(of target: ProbeTarget) -> HealthState? {
        targets[target].map { HealthState(lastKnown: $0, at: MonotonicInstant(nanoseconds: 0)) }
    }

    var effort: ProbingEffort {
        var effort = ProbingEffort()
        (effort.started, effort.late) = (9, 2)
        effort.durations["tcp"] = DurationHistogram()
        effort.durations["tcp"]?.add(.milliseconds(3))
        return effort
    }

    func snapshot() -> [ProbeTarget: HealthState] {
        targets.mapValues { HealthState(lastKnown: $0, at: MonotonicInstant(nanoseconds: 0)) }
    }

    /// A verdict about each target at these endpoints, in one report.
    func report(_ verdict: Verdict, of endpoints: String...) { report(verdict, of: endpoints[...]) }

    func report(_ verdict: Verdict, of endpoints: ArraySlice<String>) {
        report(targets.keys.filter { endpoints.contains($0.endpoint.description) }, verdict)
    }

    func report(_ targets: [ProbeTarget], _ verdict: Verdict) {
        guard !targets.isEmpty else { return }
        inbox.post(targets.map { (target: $0, verdict: verdict, reason: "found \(verdict)", at: MonotonicInstant(nanoseconds: 0)) })
    }
}
