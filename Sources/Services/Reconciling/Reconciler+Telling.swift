import HealthPolicy
import ReconcilePolicy

/// Verdicts that the kernel has, and nobody has been told of.
struct Telling {
    private(set) var waiting: ArraySlice<VerdictNews.Turn> = []
    private var since: MonotonicInstant?
    /// The next portion is on its way.
    var isGoingOn = false

    mutating func add(_ news: VerdictNews) {
        if waiting.isEmpty { since = Timestamp.monotonic }
        waiting += news.turns
    }

    /// At most `count`.
    mutating func take(_ count: Int) -> ArraySlice<VerdictNews.Turn> {
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
    /// What is told in one go, in a millisecond or two.
    private static let portion = 128

    /// Announces what the kernel has, a portion at a time, while no verdict waits to be decided.
    func tell() {
        guard !telling.waiting.isEmpty, !inbox.hasVerdicts || telling.isUrgent else { return }
        announce(telling.take(Self.portion))
        guard !telling.waiting.isEmpty else { return followPolicy() }
        guard !telling.isGoingOn else { return }
        telling.isGoingOn = true
        Task { await self.tellOn() }
    }

    private func tellOn() {
        telling.isGoingOn = false
        tell()
    }

    /// All that is left: nobody comes after.
    func tellAll() {
        announce(telling.take(telling.waiting.count))
        followPolicy()
    }

    private func announce(_ turns: ArraySlice<VerdictNews.Turn>) {
        for turn in turns {
            guard let backend = desired.farms[turn.farm]?.backends[turn.index] else { continue }
            let (verdict, reason) = (turn.verdict.rawValue, reasons[turn.target] ?? "")
            events.post(.verdict, farm: turn.farm, backend: backend.name, "\(verdict): \(reason)", state: verdict)
            log.info(
                "verdict changed",
                metadata: ["farm": "\(turn.farm)", "backend": "\(backend.name)", "verdict": "\(verdict)", "reason": "\(reason)"])
        }
    }
}
