import FarmModel
import ReconcilePolicy
import Ruleset
import RulesetCompiler
import Seams

/// What is known of traffic, and when it was read and stored.
struct TrafficCounting: Sendable {
    var totals = TrafficTotals()
    /// Whose packets the elements that the kernel has count, by farm.
    var elements: [String: [CountedElement]] = [:]
    var read: ContinuousClock.Instant?
    var saved: ContinuousClock.Instant?
}

extension Reconciler {
    /// Read from the kernel when the last reading is a second old.
    func trafficTotals() async -> TrafficTotals {
        if traffic.read.map({ ContinuousClock.now - $0 >= RefusalCounting.freshness }) ?? true { readTraffic() }
        if traffic.saved.map({ ContinuousClock.now - $0 >= RefusalCounting.rest }) ?? true { await saveTraffic() }
        return traffic.totals
    }

    /// Adds up what elements have counted. What cannot be read is left for the next time: it goes on counting.
    func readTraffic() {
        do throws(DriverError) {
            traffic.totals.take(try elementCounters(), traffic.elements)
            traffic.read = .now
        } catch {
            log.warning("the kernel's counters cannot be read", metadata: ["error": "\(error)"])
        }
    }

    /// Of all the sets whose elements count.
    func elementCounters() throws(DriverError) -> [TrafficTotals.SetPlace: ElementCounters] {
        var counters: [TrafficTotals.SetPlace: ElementCounters] = [:]
        for table in committed.tables {
            for set in table.sets where set.type.isCounted && set.count > 0 {
                let place = TrafficTotals.SetPlace(table.family, set.name)
                counters[place] = try driver.elementCounters(of: set.name, in: table.family, type: set.type)
            }
        }
        return counters
    }

    /// The kernel has taken a batch. What it has begun anew is stored at once: a restart compares with it.
    func settleTraffic(_ batch: Batch) {
        guard TrafficTotals.isLosing(batch, of: committed) else { return }
        traffic.totals.settle(batch)
        Task { await saveTraffic() }
    }

    /// The kernel has what is desired. `touched`: the farms that may have changed; nil: any.
    func noteCounted(_ touched: Set<Fragment>?) {
        let farms = desired.compiledFarms
        guard let touched else {
            traffic.elements = farms.compactMapValues { $0.counted.isEmpty ? nil : $0.counted }
            return traffic.totals.keep { desired.farms[$0].map(\.countedNames) }
        }
        for name in touched where traffic.elements[name] != nil || farms[name]?.counted.isEmpty == false {
            traffic.elements[name] = farms[name]?.counted
        }
    }

    func saveTraffic() async {
        traffic.saved = .now
        guard !traffic.elements.isEmpty || traffic.totals != TrafficTotals() else { return }
        do throws(StateFault) {
            try await keeper.save(traffic.totals)
            note(nil, of: .traffic)
        } catch {
            note(error, of: .traffic)
        }
    }
}

extension Farm {
    fileprivate var countedNames: CountedNames {
        CountedNames(
            listeners: Set(listeners.map(\.description)), backends: Set(backends.map(\.name)), policies: Set(policies.map(\.name)))
    }
}
