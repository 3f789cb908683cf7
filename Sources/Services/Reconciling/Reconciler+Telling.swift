import HealthPolicy
import ReconcilePolicy

/// Verdicts that nobody has been told of.
struct Telling {
    struct Word: Sendable {
        let turn: VerdictNews.Turn
        let reason: String
        let at: String
    }

    /// Above it nobody is spared the words: they are told before anything else is done.
    static let most = 50_000

    private(set) var waiting: ArraySlice<Word> = []
    private var since: MonotonicInstant?
    /// The next portion is on its way.
    var isGoingOn = false

    mutating func add(_ words: [Word]) {
        if waiting.isEmpty { since = Timestamp.monotonic }
        waiting += words
    }

    /// At most `count`.
    mutating func take(_ count: Int) -> ArraySlice<Word> {
        let portion = waiting.prefix(count)
        waiting = waiting.dropFirst(count)
        if waiting.isEmpty { waiting = [] }
        return portion
    }

    /// As long as somebody may be kept waiting for word of what the kernel has.
    private static let patience: Duration = .seconds(1)

    var isUrgent: Bool { since.map { $0.duration(to: Timestamp.monotonic) > Self.patience } ?? false }
}

/// The kernel first, words after: ten thousand lines take a fifth of a second, in which verdicts that arrive would wait.
extension Reconciler {
    /// What there is to tell of verdicts, as it is known now.
    func words(_ news: VerdictNews) -> [Telling.Word] {
        let now = Timestamp.now
        return news.turns.map { Telling.Word(turn: $0, reason: reasons[$0.target] ?? "", at: now) }
    }

    /// What is told in one go, in a millisecond or two.
    private static let portion = 128

    /// Announces what has been decided and sent, a portion at a time, while no verdict waits to be decided or is soon to be expected.
    func tell() {
        guard !telling.waiting.isEmpty else { return }
        guard telling.waiting.count <= Telling.most else { return tellAll() }
        guard !inbox.hasVerdicts && !haste.isOn(at: Timestamp.monotonic) || telling.isUrgent else { return }
        announce(telling.take(Self.portion))
        guard !telling.waiting.isEmpty else {
            // What follows from a flight is told when it has landed.
            if flight == nil { followPolicy() }
            return
        }
        guard !telling.isGoingOn else { return }
        telling.isGoingOn = true
        Task { await self.tellOn() }
    }

    private func tellOn() {
        telling.isGoingOn = false
        tell()
    }

    /// All that is left.
    func tellAll() {
        announce(telling.take(telling.waiting.count))
        if flight == nil { followPolicy() }
    }

    private func announce(_ words: ArraySlice<Telling.Word>) {
        for word in words {
            let (turn, verdict) = (word.turn, word.turn.verdict.rawValue)
            events.post(.verdict, farm: turn.farm, backend: turn.backend, "\(verdict): \(word.reason)", state: verdict, at: word.at)
            log.info(
                "verdict changed",
                metadata: ["farm": "\(turn.farm)", "backend": "\(turn.backend)", "verdict": "\(verdict)", "reason": "\(word.reason)"])
        }
    }
}
