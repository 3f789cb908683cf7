import FarmModel
import HealthPolicy
import NetTypes
import Seams
import Synchronization

/// What has happened since the reconciler looked last, coalesced: its size is bounded by the number of targets and neighbours.
public final class Inbox: Sendable {
    struct News: Sendable {
        var verdicts: [ProbeTarget: Verdict] = [:]
        var reasons: [ProbeTarget: String] = [:]
        var advices: [ProbeTarget: ProbeAdvice?] = [:]
        /// When the oldest of the verdicts was reached.
        var oldestVerdict: MonotonicInstant?
        /// The last foreign or own generation that was announced.
        var generation: (id: UInt32, author: KernelEvent.Author)?
        var isNetworkChanged = false
        var neighbours: [NetworkView.Neighbour: MACAddress?] = [:]
        var areTablesStale = false
        /// Devices that were removed, though one of the same name may be back.
        var goneDevices: Set<UInt32> = []
        var isRetryDue = false
        var isHandoverDue = false
        var isConnectionLookDue = false
        var isPolicyChangeDue = false
        var isDealingDue = false
        var isSuspicionLookDue = false
        var isFailureLookDue = false
        /// Who wanted the files that the kernel had no room for.
        var reapplyAuthor: String?
        /// For `lbctl monitor`.
        var linkNotes: [String] = []
    }

    private static let notesKept = 100
    private let news = Mutex(News())
    private let wake: AsyncStream<Void>.Continuation
    /// One element when there is news, however much.
    let wakeUps: AsyncStream<Void>

    public init() {
        (wakeUps, wake) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    public func post(_ verdicts: [(target: ProbeTarget, verdict: Verdict, reason: String, at: MonotonicInstant)]) {
        change { news in
            for entry in verdicts {
                news.verdicts[entry.target] = entry.verdict
                news.reasons[entry.target] = entry.reason
                news.oldestVerdict = min(news.oldestVerdict ?? entry.at, entry.at)
            }
        }
    }

    /// What targets ask for now; nil for nothing any more.
    public func post(advices: [ProbeTarget: ProbeAdvice?]) { change { $0.advices.merge(advices) { $1 } } }

    public func post(_ events: [KernelEvent]) {
        change { news in
            for event in events { news.take(event) }
        }
    }

    /// Applies the files once more.
    func postReapply(author: String, after delay: Duration) { change(after: delay) { $0.reapplyAuthor = author } }
    func postRetry(after delay: Duration) { change(after: delay) { $0.isRetryDue = true } }
    func postHandoverCheck(after delay: Duration) { change(after: delay) { $0.isHandoverDue = true } }
    func postConnectionLook(after delay: Duration) { change(after: delay) { $0.isConnectionLookDue = true } }
    func postPolicyChange(after delay: Duration) { change(after: delay) { $0.isPolicyChangeDue = true } }
    func postDealing(after delay: Duration) { change(after: delay) { $0.isDealingDue = true } }
    func postFailureLook(after delay: Duration) { change(after: delay) { $0.isFailureLookDue = true } }
    func postSuspicionLook(after delay: Duration) { change(after: delay) { $0.isSuspicionLookDue = true } }
    public func close() { wake.finish() }

    func take() -> News {
        news.withLock { news in
            defer { news = News() }
            return news
        }
    }

    var hasVerdicts: Bool { verdictCount > 0 }
    var verdictCount: Int { news.withLock { $0.verdicts.count } }

    /// The verdicts alone; the rest stays.
    func takeVerdicts() -> (verdicts: [ProbeTarget: Verdict], reasons: [ProbeTarget: String]) {
        news.withLock { news in
            defer { (news.verdicts, news.reasons, news.oldestVerdict) = ([:], [:], nil) }
            return (news.verdicts, news.reasons)
        }
    }

    private func change(_ change: (inout News) -> Void) {
        news.withLock { change(&$0) }
        wake.yield()
    }

    /// A daemon that stops does not wait for it: what is posted to a closed inbox is never taken.
    private func change(after delay: Duration, _ change: @escaping @Sendable (inout News) -> Void) {
        Task {
            // Throws when the task is cancelled, which nobody does: nothing holds it.
            if delay > .zero { try? await Task.sleep(for: delay) }
            self.change(change)
        }
    }

    fileprivate static func keep(_ note: String, in notes: inout [String]) {
        if notes.count < notesKept { notes.append(note) }
    }
}

extension Inbox.News {
    fileprivate mutating func take(_ event: KernelEvent) {
        switch event {
        case .generation(let id, let author): generation = (id, author)
        case .neighbour(let address, let device, let mac): neighbours[.init(address: address, device: device)] = .some(mac)
        case .link(let link):
            isNetworkChanged = true
            Inbox.keep("\(link.device.name) is \(link.isUp ? "up" : "down")", in: &linkNotes)
        case .linkGone(let index):
            isNetworkChanged = true
            goneDevices.insert(index)
            Inbox.keep("device \(index) is gone", in: &linkNotes)
        case .address, .routes: isNetworkChanged = true
        case .overrun(.tables): areTablesStale = true
        case .overrun(.network): isNetworkChanged = true
        }
    }
}
