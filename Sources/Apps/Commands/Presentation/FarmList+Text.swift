import ControlAPI

extension FarmList: Presentable {
    var sorted: [FarmView] { farms.sorted { $0.name < $1.name } }
    var names: [String] { sorted.map(\.name) }

    func text(_ style: TextStyle) -> String {
        guard !farms.isEmpty else { return "no farms\n" }
        return Table(FarmView.columns, rows: sorted.map { $0.cells(style) }).text(style)
    }
}

extension FarmView {
    static let columns: [Table.Column] = [
        "FARM", "STATE", "MODE", "SCHEDULER", .right("HEALTHY"), .right("USED"), .wideRight("SLOTS"), "LISTEN", .wide("DESCRIPTION"),
    ]

    func cells(_ style: TextStyle) -> [Table.Cell] {
        [
            Table.Cell(name), .state(state.rawValue), Table.Cell(mode), Table.Cell(scheduler),
            "\(backends.healthy)/\(backends.total)", "\(backends.used)\(panic ? ", panic" : "")", "\(tableSize)",
            Table.Cell(listeners(style)), Table.Cell(description ?? ""),
        ]
    }

    private func listeners(_ style: TextStyle) -> String {
        guard !style.isWide, let first = listen.first, listen.count > 1 else { return listen.joined(separator: " ") }
        return "\(first) and \(listen.count - 1) more"
    }
}
