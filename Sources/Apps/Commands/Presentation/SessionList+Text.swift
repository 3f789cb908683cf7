import ControlAPI

extension SessionList: Presentable {
    var names: [String] { sessions.map(\.client) }

    func text(_ style: TextStyle) -> String {
        guard !sessions.isEmpty else { return "no sessions\n" }
        return Table(["FARM", "LISTENER", "CLIENT", "BACKEND", .right("EXPIRES")], rows: sessions.map(\.cells)).text(style)
    }
}

extension SessionView {
    fileprivate var cells: [Table.Cell] {
        [
            Table.Cell(farm), Table.Cell(listener), Table.Cell(client), Table.Cell(backend ?? "(gone)"),
            Table.Cell(expires.map { "\(Int($0.rounded(.up)))s" } ?? "-"),
        ]
    }
}

extension SessionsDeleted: Presentable {
    var names: [String] { [] }
    func text(_ style: TextStyle) -> String { "\(counted(deleted, "session")) deleted\n" }
}
