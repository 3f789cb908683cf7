import ControlAPI

/// What is not as it should be, by name: farms that are not fully up, and the backends behind that. On one screen, so both have a bound.
struct Troubles {
    static let none = Troubles(farms: [], backends: [])
    private static let mostFarms = 10
    private static let mostBackends = 20

    /// The worst first.
    let farms: [FarmView]
    /// Those that are not up and, of these farms, those that get nothing whatever their probes say.
    let backends: [BackendView]

    init(farms: [FarmView], backends: [BackendView]) {
        let affected = farms.filter { $0.state == .down || $0.state == .degraded }
        let names = Set(affected.map(\.name))
        self.farms = affected.sorted { ($0.state == .down ? 0 : 1, $0.name) < ($1.state == .down ? 0 : 1, $1.name) }
        self.backends = backends.filter { $0.health != "up" || ($0.effectiveWeight == 0 && names.contains($0.farm)) }
    }

    /// Nothing when there is nothing.
    func text(_ style: TextStyle) -> String { farmTable(style) + backendTable(style) }

    private func farmTable(_ style: TextStyle) -> String {
        guard !farms.isEmpty else { return "" }
        let behind = Dictionary(grouping: backends) { $0.farm }
        let rows: [[Table.Cell]] = farms.prefix(Self.mostFarms).map { farm in
            [
                Table.Cell(farm.name), .state(farm.state.rawValue), "\(farm.backends.healthy)/\(farm.backends.total)",
                "\(farm.backends.used)", Table.Cell((farm.panic ? "panic, all are used; " : "") + reason(behind[farm.name] ?? [])),
            ]
        }
        let table = Table(["FARM", "STATE", .right("HEALTHY"), .right("USED"), "REASON"], rows: rows)
        return "\n" + table.text(style) + more(farms.count - rows.count, "farm", "lbctl farm list")
    }

    private func backendTable(_ style: TextStyle) -> String {
        guard !backends.isEmpty else { return "" }
        let shown = Array(BackendList(backends: backends).sorted.prefix(Self.mostBackends))
        return "\n" + BackendList(backends: shown).text(style) + more(backends.count - shown.count, "backend", "lbctl backend list")
    }

    /// `web2: connection refused, and 3 more`
    private func reason(_ behind: [BackendView]) -> String {
        let sorted = BackendList(backends: behind).sorted
        guard let first = sorted.first(where: { $0.health != "up" }) ?? sorted.first else { return "-" }
        return "\(first.name): \(first.reason)" + (sorted.count > 1 ? ", and \(sorted.count - 1) more" : "")
    }

    private func more(_ count: Int, _ noun: String, _ command: String) -> String {
        count > 0 ? "and \(counted(count, noun)) more: \(command)\n" : ""
    }
}
