import ControlAPI

extension RulesView: Presentable {
    /// Tables of the ruleset: `ip zvnft`.
    var names: [String] {
        let tables = text.split(separator: "\n").filter { $0.hasPrefix("table ") }
        return tables.map { $0.split(separator: " ").dropFirst().prefix(2).joined(separator: " ") }
    }

    func text(_ style: TextStyle) -> String { Printable.lines(text.hasSuffix("\n") ? text : text + "\n") }
}
