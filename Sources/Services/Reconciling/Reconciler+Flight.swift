import FarmModel
import HealthPolicy
import ReconcilePolicy
import Ruleset
import Seams

/// While thousands of backends change their minds, the kernel is as busy with each transaction as we are with deciding it. A **flight** is
/// a transaction that another thread carries to the kernel meanwhile; there is one at most.
///
/// Whoever wants to know what the kernel holds, or to change it, waits for the flight to land: `driver` and `committed` see to it.
extension Reconciler {
    /// Backends that have turned, from which on they fly: fewer are in the kernel before another thread has woken up.
    private static let fewestThatFly = 16

    /// Not while a commit is on its way.
    var driver: any RulesetDriver {
        land()
        return lentDriver
    }

    /// What the kernel has.
    var committed: Ruleset {
        get {
            land()
            return settledRuleset
        }
        set {
            land()
            settledRuleset = newValue
        }
    }

    /// Sends what follows from verdicts off. False where it is better done at once, or cannot be done blindly.
    func launch(_ news: VerdictNews, because cause: String, oldestVerdict: MonotonicInstant?) -> Bool {
        guard news.turns.count >= Self.fewestThatFly, !isHolding, !isDrifted, ownsTables, let fragments = desired.fragmentsThatFly
        else { return false }
        let target = desired.ruleset
        // Upon what the kernel will hold when the one before has landed: it need not be idle in between.
        let batch = (flight?.target ?? settledRuleset).batch(to: target, touched: fragments)
        guard !batch.isEmpty, land(), !isDrifted, ownsTables else { return false }
        readLosses(of: batch)
        let flight = Flight(batch, to: target, fragments, news, words(news), because: cause, oldestVerdict: oldestVerdict, deadBackends)
        (self.flight, deadBackends) = (flight, [])
        desired.settled()
        // Nobody else uses it before the flight has landed.
        nonisolated(unsafe) let driver = lentDriver
        let generation = generation
        flights.perform {
            flight.fly(by: driver, expecting: generation)
            Task { await self.noteLanding() }
        }
        return true
    }

    /// Waits for the flight, if there is one, and takes note of what came of it. False when the kernel has refused it.
    @discardableResult
    func land() -> Bool {
        guard let flight else { return true }
        self.flight = nil
        let outcome = flight.landed()
        telling.add(flight.words)
        do {
            generation = try outcome.generation.get()
            settle(flight.batch, flight.target, flight.fragments, took: outcome.took)
            counters.flights += 1
            retryDelay = Self.firstRetry
            noteArrival(of: flight.news, since: flight.oldestVerdict, at: outcome.at)
            if !flight.deadBackends.isEmpty { sweeper.sweep(flight.deadBackends) }
            tellChange(flight.batch, author: "probe", flight.cause)
            planPolicy()
            return true
        } catch {
            // Who has come back meanwhile is not dead.
            noteDead(flight.news.turns.filter { desired.verdicts[$0.target] == .down })
            desired.unsettle()
            switch error.kind {
            case .staleGeneration, .refused:
                // Decided again on what the kernel holds, as others are.
                let isDone = reconcile(author: "probe", because: flight.cause)
                if isDone { noteArrival(of: flight.news, since: flight.oldestVerdict, at: Timestamp.monotonic) }
            default: fail(author: "probe", flight.cause, error)
            }
            return false
        }
    }

    private func noteLanding() {
        guard flight?.hasArrived ?? true else { return }
        land()
        tell()
        publish()
    }
}
