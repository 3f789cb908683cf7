import ControlAPI
import FarmModel
import HealthPolicy
import ReconcilePolicy
import RulesetCompiler

extension Reconciler {
    /// Prometheus text (exposition format 0.0.4). Labels are bounded by the configuration.
    public func metrics() async -> String {
        var page = MetricsPage()
        page.gauge("zvnft_generation", "nf_tables generation after the last commit.", Double(generation))
        page.gauge("zvnft_drift", "1 while the kernel differs from what is desired.", isDrifted ? 1 : 0)
        page.gauge("zvnft_farms", "Configured farms.", Double(desired.farms.count))
        page.gauge("zvnft_config_faults", "Faults that keep the farm files from being applied.", Double(configFaults.count))
        page.gauge("zvnft_last_commit_seconds", "Duration of the last commit.", counters.lastCommit / .seconds(1))
        page.gauge("zvnft_first_commit_seconds", "Duration of the load at the start.", (counters.firstCommit ?? .zero) / .seconds(1))
        page.histogram("zvnft_verdict_to_kernel_seconds", "From a probe's verdict to the kernel's yes.", counters.verdictToKernel)
        page.counter("zvnft_commits_total", "Transactions that the kernel took.", counters.commits)
        page.counter("zvnft_flights_total", "Of these, the ones that were on their way while the next was decided.", counters.flights)
        page.counter("zvnft_commit_failures_total", "Transactions that the kernel refused.", counters.commitFailures)
        page.counter("zvnft_repairs_total", "Times that drift was found and mended.", counters.repairs)
        page.counter("zvnft_verdict_changes_total", "Verdicts that changed.", counters.verdictChanges)
        page.counter("zvnft_ejections_total", "Backends that passive detection has ejected.", passive.ejections)
        page.gauge(
            "zvnft_panicking_farms", "Farms with so few healthy backends that all are used.",
            Double(desired.health.values.count(where: \.isPanicking)))
        page.gauge(
            "zvnft_makeshift_farms", "Farms whose slots were left vacant in a mass failure and are to be dealt.",
            Double(desired.makeshift.count))
        page.gauge("zvnft_suspicions", "Groups of backends that went down together.", Double(suspicion.suspicions.count))
        addProbing(to: &page)
        addHooks(to: &page)
        addHandovers(to: &page)
        addCounting(to: &page)
        await addRefusals(to: &page)
        await addTraffic(to: &page)
        await addCapacity(to: &page)
        return page.text + (await Self.backendsUp(desired.farms, desired.verdicts))
    }

    /// Away from the thread that commits: ten thousand lines take their time.
    @concurrent
    private nonisolated static func backendsUp(_ farms: [String: Farm], _ verdicts: [ProbeTarget: Verdict]) async -> String {
        var page = MetricsPage()
        page.family("zvnft_backend_up", "1 while probes say up.", "gauge")
        for farm in farms.values.sorted(by: { $0.name < $1.name }) {
            for backend in farm.backends.sorted(by: { $0.name < $1.name }) {
                let isUp = farm.probeTarget(of: backend).map { verdicts[$0] == .up } ?? true
                page.sample("zvnft_backend_up", [("farm", farm.name), ("backend", backend.name)], isUp ? 1 : 0)
            }
        }
        return page.text
    }

    private func addHooks(to page: inout MetricsPage) {
        let counts = settings.hookCounts()
        guard !counts.isEmpty else { return }
        page.family("zvnft_hooks_total", "Transitions that hooks were told, by what became of it.", "counter")
        for entry in counts { page.sample("zvnft_hooks_total", [("hook", entry.hook), ("result", entry.result)], Double(entry.count)) }
    }

    private func addProbing(to page: inout MetricsPage) {
        let effort = prober.effort
        page.counter("zvnft_probes_started_total", "Probes that began.", Int(effort.started))
        page.family("zvnft_probes_total", "Probes that ended, by result; late ones say nothing of the backend.", "counter")
        for (word, count) in [("success", effort.succeeded), ("failure", effort.failed), ("late", effort.late)] {
            page.sample("zvnft_probes_total", [("result", word)], Double(count))
        }
        page.counter("zvnft_probes_postponed_total", "Probes that had to wait for others to end.", Int(effort.postponed))
        page.gauge("zvnft_probes_in_flight", "Probes under way.", Double(effort.inFlight))
        page.family("zvnft_probing_stalled_seconds_total", "Time in which probing was held up.", "counter")
        page.sample("zvnft_probing_stalled_seconds_total", [], effort.stalled / .seconds(1))
        guard !effort.durations.isEmpty else { return }
        page.family(
            "zvnft_probe_duration_seconds", "From the start of a probe to its result, by type; late ones are left out.", "histogram")
        for (type, histogram) in effort.durations.sorted(by: { $0.key < $1.key }) {
            page.add(histogram, to: "zvnft_probe_duration_seconds", [("type", type)])
        }
    }

    private func addRefusals(to page: inout MetricsPage) async {
        let totals = await refusalTotals()
        page.family("zvnft_dropped_packets_total", "Packets that were not let through, by reason.", "counter")
        for reason in Refusal.allCases {
            page.sample("zvnft_dropped_packets_total", [("reason", reason.rawValue)], Double(totals[reason]))
        }
    }

    private func addCounting(to page: inout MetricsPage) {
        page.counter("zvnft_slots_levelled_total", "Slots moved to level open connections.", counters.slotsLevelled)
        let effort = ledger.effort
        page.counter("zvnft_connection_notices_total", "Beginnings and ends of connections that the kernel announced.", effort.notices)
        page.counter("zvnft_connection_walks_total", "Readings of the connection tracking table to count connections.", effort.walks)
        page.counter("zvnft_connection_losses_total", "Times that announcements of connections were lost.", effort.losses)
    }

    private func addHandovers(to page: inout MetricsPage) {
        page.counter("zvnft_handover_transitions_total", "Transitions of slots that began.", counters.transitions)
        let farms = desired.farms.values.filter { !$0.mode.usesConntrack }.map(\.name).sorted()
        guard !farms.isEmpty else { return }
        page.family("zvnft_handover_slots", "Slots in transition.", "gauge")
        for farm in farms {
            let slots = HandoverSummary(desired.transitions[farm] ?? [], settings.handover)?.slots ?? 0
            page.sample("zvnft_handover_slots", [("farm", farm)], Double(slots))
        }
        let fills = freshFills()
        guard !fills.isEmpty else { return }
        page.family("zvnft_handover_flows", "Flows that are remembered as begun during a transition.", "gauge")
        for fill in fills { page.sample("zvnft_handover_flows", [("map", fill.map)], Double(fill.count)) }
        page.family("zvnft_handover_flows_limit", "Flows that can be remembered; others stay with their slot's old backend.", "gauge")
        for fill in fills { page.sample("zvnft_handover_flows_limit", [("map", fill.map)], Double(fill.limit)) }
    }
}

/// Writes the exposition format.
struct MetricsPage {
    private(set) var text = ""

    mutating func gauge(_ name: String, _ help: String, _ value: Double) {
        family(name, help, "gauge")
        sample(name, [], value)
    }

    mutating func counter(_ name: String, _ help: String, _ value: Int) {
        family(name, help, "counter")
        sample(name, [], Double(value))
    }

    mutating func histogram(_ name: String, _ help: String, _ histogram: DurationHistogram) {
        family(name, help, "histogram")
        add(histogram, to: name, [])
    }

    mutating func add(_ histogram: DurationHistogram, to name: String, _ labels: [(String, String)]) {
        for (bound, count) in histogram.cumulative {
            sample("\(name)_bucket", labels + [("le", bound.map { "\($0)" } ?? "+Inf")], Double(count))
        }
        sample("\(name)_sum", labels, histogram.sum / .seconds(1))
        sample("\(name)_count", labels, Double(histogram.count))
    }

    mutating func family(_ name: String, _ help: String, _ kind: String) {
        text += "# HELP \(name) \(help)\n# TYPE \(name) \(kind)\n"
    }

    mutating func sample(_ name: String, _ labels: [(String, String)], _ value: Double) {
        let words = labels.map { "\($0)=\"\(escaped($1))\"" }.joined(separator: ",")
        let number = value == value.rounded() && abs(value) < 1e15 ? "\(Int(value))" : "\(value)"
        text += "\(name)\(words.isEmpty ? "" : "{\(words)}") \(number)\n"
    }

    private func escaped(_ label: String) -> String {
        label.reduce(into: "") { result, character in
            switch character {
            case "\\": result += "\\\\"
            case "\"": result += "\\\""
            case "\n": result += "\\n"
            default: result.append(character)
            }
        }
    }
}
