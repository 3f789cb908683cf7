import ControlAPI

extension RulesView: Presentable {
    /// Tables of the ruleset: `ip zvnft`.
    var names: [String] {
        text.split(separator: "\n").filter { $0.hasPrefix("table ") }.map { $0.split(separator: " ").dropFirst().prefix(2).joined(separator: " ") }
    }

    func text(_ style: TextStyle) -> String { Printable.lines(text.hasSuffix("\n") ? text : text + "\n") }
}
