import ControlAPI

extension BackendList: Presentable {
    var sorted: [BackendView] { backends.sorted { ($0.farm, $0.priority, $0.name) < ($1.farm, $1.priority, $1.name) } }
    var names: [String] { sorted.map(\.fullName) }

    func text(_ style: TextStyle) -> String {
        guard !backends.isEmpty else { return "no backends\n" }
        return Table(BackendView.columns, rows: sorted.map(\.cells)).text(style)
    }
}

extension BackendView {
    var fullName: String { "\(farm)/\(name)" }

    /// An IPv6 address is bracketed before a port.
    var target: String {
        guard let port else { return address }
        return (address.contains(":") ? "[\(address)]" : address) + ":\(port)"
    }

    static let columns: [Table.Column] = [
        "FARM", "BACKEND", "ADDRESS", "ADMIN", "HEALTH", .right("WEIGHT"), .wideRight("PRIORITY"), .right("SHARE"),
        .wideRight("CONNECTIONS"), .wideRight("OPENED"), .wideRight("BYTES IN"), .wideRight("BYTES OUT"), .wide("SINCE"), "REASON",
    ]

    var cells: [Table.Cell] {
        [
            Table.Cell(farm), Table.Cell(name), Table.Cell(target),
            Table.Cell(isOverridden ? "\(admin) (override)" : admin, Tint.of(state: admin)), .state(health), Table.Cell(weightText),
            "\(priority)", Table.Cell(percent(share)), Table.Cell(connections.map { "\($0)" } ?? "-"),
            Table.Cell(traffic?.connections.map { "\($0)" } ?? "-"), Table.Cell(traffic?.requests.map { "\($0.bytes)" } ?? "-"),
            Table.Cell(traffic?.replies.map { "\($0.bytes)" } ?? "-"), Table.Cell(since ?? "-"),
            Table.Cell(reason),
        ]
    }

    /// `10`, or `0 (file: 10)` when health, an override or what is open makes it another than its file's.
    var weightText: String { effectiveWeight == weight ? "\(weight)" : "\(effectiveWeight) (file: \(weight))" }
}

extension BackendView: Presentable {
    var names: [String] { [fullName] }

    func text(_ style: TextStyle) -> String {
        let override = isOverridden ? " (override)" : ""
        return "\(Printable.text(fullName)): \(admin)\(override), \(health), weight \(weightText), share \(percent(share))\n"
    }
}
