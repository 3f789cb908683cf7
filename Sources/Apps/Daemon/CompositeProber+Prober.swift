import HealthPolicy
import HealthProbing
import Reconciling
import Seams

extension CompositeProber: Prober {}

extension Inbox {
    /// Verdicts that changed, and what targets ask for now.
    func post(_ reports: [ProbeReport]) {
        let verdicts = reports.filter { $0.verdict != $0.previous }
        if !verdicts.isEmpty { post(verdicts.map { (target: $0.target, verdict: $0.verdict, reason: $0.reason, at: $0.at) }) }
        let news = reports.filter(\.isAdviceNews)
        if !news.isEmpty { post(advices: Dictionary(news.map { ($0.target, $0.advice) }) { $1 }) }
    }
}
