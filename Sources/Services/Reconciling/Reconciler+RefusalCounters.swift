import ReconcilePolicy
import Ruleset
import Seams

/// What is known of refused packets, and when it was read and stored.
struct RefusalCounting: Sendable {
    var totals = RefusalTotals()
    var read: ContinuousClock.Instant?
    var saved: ContinuousClock.Instant?

    /// Readings that are younger are not made anew: many may ask.
    static let freshness: Duration = .seconds(1)
    /// Between two writes of what only grows.
    static let rest: Duration = .seconds(30)
}

extension Reconciler {
    /// Read from the kernel when the last reading is a second old.
    func refusalTotals() async -> RefusalTotals {
        if refusals.read.map({ ContinuousClock.now - $0 >= RefusalCounting.freshness }) ?? true { readRefusals() }
        if refusals.saved.map({ ContinuousClock.now - $0 >= RefusalCounting.rest }) ?? true { await saveRefusals() }
        return refusals.totals
    }

    /// Adds up what rules have counted. What cannot be read is left for the next time: it goes on counting.
    func readRefusals() {
        do throws(DriverError) {
            refusals.totals.take(try driver.counters(), of: committed)
            refusals.read = .now
        } catch {
            log.warning("the kernel's counters cannot be read", metadata: ["error": "\(error)"])
        }
    }

    /// The kernel has taken a batch on `committed`. What it has begun anew is stored at once: a restart compares with it.
    func settleRefusals(_ batch: Batch) {
        guard RefusalTotals.isLosing(batch, of: committed) else { return }
        refusals.totals.settle(batch, of: committed)
        Task { await saveRefusals() }
    }

    /// Reads the kernel's counters a last time and stores the sums.
    public func saveCounters() async {
        readRefusals()
        readTraffic()
        await saveRefusals()
        await saveTraffic()
    }

    func saveRefusals() async {
        refusals.saved = .now
        do throws(StateFault) {
            try await keeper.save(refusals.totals)
            note(nil, of: .counters)
        } catch {
            note(error, of: .counters)
        }
    }
}
