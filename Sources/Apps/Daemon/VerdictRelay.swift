import HealthPolicy
import HealthProbing
import Reconciling
import Seams
import Synchronization

/// Takes verdicts from the probes' thread to the reconciler's inbox. Both are made before either can be given to the other.
final class VerdictRelay: Sendable {
    private let inbox = Mutex<Inbox?>(nil)

    func connect(to inbox: Inbox) { self.inbox.withLock { $0 = inbox } }

    func deliver(_ reports: [ProbeReport]) {
        inbox.withLock { $0 }?.post(reports.map { (target: $0.target, verdict: $0.verdict, reason: $0.reason) })
    }
}

extension ProbeLoop: Prober {}
