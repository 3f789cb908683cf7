import HealthPolicy
import ReconcilePolicy
import Ruleset
import Seams
import Synchronization

/// A transaction on its way to the kernel, and what follows from it once the kernel has agreed.
final class Flight: Sendable {
    let batch: Batch
    /// What the kernel holds afterwards.
    let target: Ruleset
    /// The farms that differ from what it held before.
    let fragments: Set<Fragment>
    let news: VerdictNews
    let words: [Telling.Word]
    let cause: String
    /// When the oldest of the verdicts was reached.
    let oldestVerdict: MonotonicInstant?
    /// Whose half-open connections are to be forgotten then.
    let deadBackends: Set<DeadBackend>

    struct Outcome: Sendable {
        let generation: Result<UInt32, DriverError>
        let at: MonotonicInstant
        let took: Duration
    }

    private let outcome = Mutex<Outcome?>(nil)
    private let arrival = Semaphore()

    init(
        _ batch: Batch, to target: Ruleset, _ fragments: Set<Fragment>, _ news: VerdictNews, _ words: [Telling.Word],
        because cause: String, oldestVerdict: MonotonicInstant?, _ deadBackends: Set<DeadBackend>
    ) {
        (self.batch, self.target, self.fragments, self.news, self.cause) = (batch, target, fragments, news, cause)
        (self.words, self.oldestVerdict, self.deadBackends) = (words, oldestVerdict, deadBackends)
    }

    /// Blocks until the kernel has answered.
    func fly(by driver: any RulesetDriver, expecting generation: UInt32) {
        let start = ContinuousClock.now
        let made = Result { () throws(DriverError) in try driver.commit(batch, expecting: generation) }
        outcome.withLock { $0 = Outcome(generation: made, at: Timestamp.monotonic, took: ContinuousClock.now - start) }
        arrival.post()
    }

    var hasArrived: Bool { outcome.withLock { $0 != nil } }

    /// Blocks until `fly` is over.
    func landed() -> Outcome {
        arrival.wait()
        arrival.post()
        guard let outcome = outcome.withLock({ $0 }) else { preconditionFailure("posted with its outcome") }
        return outcome
    }
}
