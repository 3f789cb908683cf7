import HealthPolicy
import ProbeExchanges

#if canImport(Glibc)
    import Glibc
#endif

extension ProbeEngine {
    /// The deadline of a probe has passed.
    mutating func settle(_ outcome: ProbeOutcome, isConnected: Bool, _ entry: ProbedTarget, _ number: Int, now: MonotonicInstant) {
        guard let attempt = entry.attempt else { return }
        let outcome = isConnected ? outcome : .silence("no answer to the connection")
        var result = result(of: outcome, attempt, entry)
        if case .failure(let words) = result { result = .failure("\(words) within \(entry.target.check.timeout.shortText)") }
        finish(entry, number, result, startedAt: attempt.startedAt, now: now)
    }

    /// Silence while we were not listening says nothing.
    func result(of outcome: ProbeOutcome, _ attempt: ProbeAttempt, _ entry: ProbedTarget) -> ProbeResult {
        switch outcome {
        case .success(let words, let advice): .success(words, advice: advice)
        case .failure(let words): .failure(words)
        case .unknown(let words): .late(words)
        case .silence(let words): silence(words, attempt, entry)
        }
    }

    private func silence(_ words: String, _ attempt: ProbeAttempt, _ entry: ProbedTarget) -> ProbeResult {
        if meter.hidesSilence(start: attempt.stalledBefore, lastWord: attempt.stalledAtLastWord, timeout: entry.timeout) {
            return .late("probing was held up")
        }
        guard isInDoubt(attempt, entry) else { return .failure(words) }
        entry.hasDoubted = true
        return .late("this host's address towards it has changed")
    }

    /// Closes the connection, lets the result count, and plans the next start.
    mutating func finish(_ entry: ProbedTarget, _ number: Int, _ result: ProbeResult, startedAt: MonotonicInstant, now: MonotonicInstant) {
        let wasConnected = entry.attempt.map { $0.isStream && $0.isConnected } ?? false
        if let attempt = entry.attempt {
            if attempt.isLent { learnSource(from: attempt, of: entry, result, now: now) }
            release(attempt, of: entry, result)
        }
        entry.attempt = nil
        if let principal = entry.principal { return testify(result, number, for: principal) }
        let result = entry.mark == nil ? result : explained(result, entry, number, wasConnected: wasConnected, now: now)
        count(result)
        let record = ProbeRecord(result: result, at: now, startedAt: startedAt)
        if case .late = result {
        } else {
            durations.add(nanoseconds: record.nanoseconds, to: entry.durationNumber)
        }
        let advice = entry.state.advice
        let transition = entry.absorb(record)
        if transition != nil || entry.state.advice != advice {
            let verdict = entry.state.verdict
            reports.append(
                ProbeReport(
                    target: entry.target,
                    transition: transition ?? VerdictTransition(previous: verdict, verdict: verdict, reason: result.reason, at: now),
                    advice: entry.state.advice, isAdviceNews: entry.state.advice != advice))
        }
        planNext(entry, number, result, now: now)
    }

    private mutating func planNext(_ entry: ProbedTarget, _ number: Int, _ result: ProbeResult, now: MonotonicInstant) {
        let wasLate = if case .late = result { true } else { false }
        entry.plannedStart = entry.schedule.nextStart(after: entry.plannedStart, pace: entry.pace, now: now, lastWasLate: wasLate)
        plan(entry, number, now: now)
    }

    private mutating func count(_ result: ProbeResult) {
        switch result {
        case .success: counts.succeeded += 1
        case .failure: counts.failed += 1
        case .late: counts.late += 1
        }
    }
}

extension Duration {
    /// "100 ms", "2 s": for messages.
    var shortText: String {
        let milliseconds = wholeNanoseconds / 1_000_000
        return milliseconds % 1000 == 0 ? "\(milliseconds / 1000) s" : "\(milliseconds) ms"
    }
}
