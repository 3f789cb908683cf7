import ControlAPI
import FarmModel
import ReconcilePolicy
import RulesetCompiler

extension Reconciler {
    /// Nil where the farm counts nothing.
    func trafficView(of farm: Farm, _ tally: TrafficTally?) -> TrafficView? {
        guard !farm.counted.isEmpty else { return nil }
        let tally = tally ?? TrafficTally()
        return TrafficView(
            connections: farm.counted.contains(.connections) ? tally.connections : nil,
            requests: farm.counted.contains(.requests) ? tally.requests.view : nil,
            replies: farm.counted.contains(.replies) ? tally.replies.view : nil)
    }

    func listenerTraffic(of farm: Farm, _ traffic: FarmTraffic?) -> [ListenerTrafficView]? {
        guard !farm.counted.isEmpty else { return nil }
        return farm.listeners.sorted().compactMap { listener in
            trafficView(of: farm, traffic?.listeners[listener.description]).map {
                ListenerTrafficView(listen: listener.description, traffic: $0)
            }
        }
    }

    /// Nil where the farm counts nothing.
    func policyViews(of farm: Farm, _ traffic: FarmTraffic?) -> [PolicyCountView]? {
        guard farm.countsPolicies else { return nil }
        return farm.policies.map { policy in
            PolicyCountView(name: policy.name, action: policy.action.rawValue, hits: (traffic?.policies[policy.name] ?? PacketTally()).view)
        }
    }

    private func addPolicies(_ totals: TrafficTotals, to page: inout MetricsPage) {
        let farms = desired.farms.values.filter { $0.countsPolicies && !$0.policies.isEmpty }.sorted { $0.name < $1.name }
        guard !farms.isEmpty else { return }
        let units: [(name: String, help: String, value: (PacketTally) -> UInt64)] = [
            ("packets", "Packets (with conntrack: connections) that the policy has decided on.", \.packets),
            ("bytes", "Bytes of packets that the policy has decided on.", \.bytes),
        ]
        for unit in units {
            let name = "zvnft_policy_\(unit.name)_total"
            page.family(name, unit.help, "counter")
            for farm in farms {
                for policy in farm.policies {
                    let tally = totals.farms[farm.name]?.policies[policy.name] ?? PacketTally()
                    page.sample(
                        name, [("farm", farm.name), ("policy", policy.name), ("action", policy.action.rawValue)], Double(unit.value(tally)))
                }
            }
        }
    }

    /// One family of samples for each thing that is counted and each thing that it is counted of.
    func addTraffic(to page: inout MetricsPage) async {
        guard desired.farms.values.contains(where: \.countsPolicies) else { return }
        let totals = await trafficTotals()
        addPolicies(totals, to: &page)
        let farms = desired.farms.values.filter { !$0.counted.isEmpty }.sorted { $0.name < $1.name }
        guard !farms.isEmpty else { return }
        for scope in TrafficScope.allCases {
            let rows = farms.flatMap { farm in scope.rows(farm, totals.farms[farm.name]).map { (farm.counted, $0.labels, $0.tally) } }
            add(rows, scope, to: &page)
        }
    }

    private typealias Row = (counted: Set<Counted>, labels: [(String, String)], tally: TrafficTally)

    private func add(_ rows: [Row], _ scope: TrafficScope, to page: inout MetricsPage) {
        page.family("zvnft_\(scope.rawValue)_connections_total", "Connections opened.", "counter")
        for row in rows where row.counted.contains(.connections) {
            page.sample("zvnft_\(scope.rawValue)_connections_total", row.labels, Double(row.tally.connections))
        }
        let units: [(name: String, help: String, value: (PacketTally) -> UInt64)] = [
            ("packets", "Packets to backends (request) and from them (reply).", \.packets),
            ("bytes", "Bytes of IP packets to backends (request) and from them (reply).", \.bytes),
        ]
        for unit in units where rows.contains(where: { $0.counted.contains(.requests) }) {
            let name = "zvnft_\(scope.rawValue)_\(unit.name)_total"
            page.family(name, unit.help, "counter")
            for row in rows {
                if row.counted.contains(.requests) {
                    page.sample(name, row.labels + [("direction", "request")], Double(unit.value(row.tally.requests)))
                }
                if row.counted.contains(.replies) {
                    page.sample(name, row.labels + [("direction", "reply")], Double(unit.value(row.tally.replies)))
                }
            }
        }
    }
}

/// What traffic is counted of.
private enum TrafficScope: String, CaseIterable {
    case farm, listener, backend

    func rows(_ farm: Farm, _ traffic: FarmTraffic?) -> [(labels: [(String, String)], tally: TrafficTally)] {
        let own = ("farm", farm.name)
        return switch self {
        case .farm: [([own], traffic?.total ?? TrafficTally())]
        case .listener:
            farm.listeners.sorted().map {
                ([own, ("listener", $0.description)], traffic?.listeners[$0.description] ?? TrafficTally())
            }
        case .backend:
            farm.backends.sorted { $0.name < $1.name }.map { ([own, ("backend", $0.name)], traffic?.backends[$0.name] ?? TrafficTally()) }
        }
    }
}

extension Farm {
    fileprivate var countsPolicies: Bool { (counters ?? .off) != .off }
}

extension PacketTally {
    var view: PacketCountView { PacketCountView(packets: packets, bytes: bytes) }
}
