import FarmModel
import HealthPolicy

/// What is known of a backend by its checks and its agent.
///
/// An agent's words stay until it says otherwise; its silence changes nothing. Its `down` counts against any number of healthy checks, its
/// `up` ends only its own `down`.
struct CompositeState {
    private let parts: [ProbeTarget]
    private let agent: ProbeTarget?
    private let require: CheckRequirement
    private var verdicts: [ProbeTarget: Verdict] = [:]
    private var reasons: [ProbeTarget: String] = [:]
    private var advices: [ProbeTarget: ProbeAdvice] = [:]
    private var word = ProbeAdvice()
    private(set) var verdict: Verdict
    private(set) var reason: String
    private(set) var since: MonotonicInstant
    private(set) var advice: ProbeAdvice?

    init(_ target: ProbeTarget, lastKnown: Verdict?, at now: MonotonicInstant) {
        (parts, agent) = (target.parts, target.agent)
        if case .group(let group) = target.check.kind { require = group.require } else { require = .all }
        (verdict, reason, since) = (lastKnown ?? .unknown, lastKnown == nil ? "not probed yet" : "as before the restart", now)
    }

    /// A change of the whole.
    struct Change {
        let transition: VerdictTransition
        let advice: ProbeAdvice?
        let isAdviceNews: Bool

        func report(on target: ProbeTarget) -> ProbeReport {
            ProbeReport(target: target, transition: transition, advice: advice, isAdviceNews: isAdviceNews)
        }
    }

    mutating func take(_ report: ProbeReport) -> Change? {
        note(report.target, report.verdict, report.reason, report.advice)
        return judge(at: report.at)
    }

    /// Verdicts that parts have reached before anybody asked for this whole.
    mutating func catchUp(at now: MonotonicInstant, _ state: (ProbeTarget) -> HealthState?) -> Change? {
        for part in parts + [agent].compactMap({ $0 }) where verdicts[part] == nil {
            guard let known = state(part), known.verdict != .unknown else { continue }
            note(part, known.verdict, known.reason, known.advice)
        }
        return judge(at: now)
    }

    private mutating func note(_ part: ProbeTarget, _ verdict: Verdict, _ reason: String, _ advice: ProbeAdvice?) {
        if part == agent {
            if let advice { word = advice.over(word) }
        }
        (verdicts[part], reasons[part], advices[part]) = (verdict, reason, advice)
    }

    private mutating func judge(at now: MonotonicInstant) -> Change? {
        let (previous, before) = (verdict, advice)
        let health = require.verdict(of: parts.map { verdicts[$0] ?? .unknown })
        // What was known before a restart, or before the first word of a new check, holds until enough have spoken.
        let next = isAgentDown ? .down : health == .unknown ? verdict : health
        advice = combinedAdvice
        guard next != previous || advice != before else { return nil }
        if next != previous { (verdict, since, reason) = (next, now, words(for: next)) }
        return Change(
            transition: VerdictTransition(previous: previous, verdict: next, reason: reason, at: now), advice: advice,
            isAdviceNews: advice != before)
    }

    private var isAgentDown: Bool { if case .down = word.health { true } else { false } }

    private func words(for verdict: Verdict) -> String {
        if verdict == .down, case .down(let words) = word.health { return "agent says \(words)" }
        guard parts.count > 1 else { return parts.first.flatMap { reasons[$0] } ?? "not probed" }
        let up = parts.count { verdicts[$0] == .up }
        let witness = parts.first { verdicts[$0] == verdict }.flatMap { part in
            reasons[part].map { "\(part.check.typeName) \(part.endpoint): \($0)" }
        }
        return "\(up) of \(parts.count) checks succeed\(up == 1 ? "s" : "")" + (witness.map { ", \($0)" } ?? "")
    }

    /// The agent's words come first; a warning of any check is one of the whole.
    private var combinedAdvice: ProbeAdvice? {
        let own = parts.compactMap { advices[$0] }
        var whole = own.reduce(word) { $0.over($1) }
        whole.isDegraded = own.contains(where: \.isDegraded)
        return whole == ProbeAdvice() ? nil : whole
    }
}
