import ControlAPI

extension PlanView: Presentable {
    var names: [String] { (farms.added + farms.changed + farms.removed).sorted() }

    func text(_ style: TextStyle) -> String {
        guard !same else { return "nothing changes\n" }
        var lines = names(farms.added, "+", .green, style) + names(farms.changed, "~", .yellow, style)
        lines += names(farms.removed, "-", .red, style)
        lines.append("elements: \(elements.added) added, \(elements.removed) removed")
        lines.append("slots moved: \(percent(slotsMoved))")
        lines.append("connections at risk: \(connectionsAtRisk)")
        if needsForce { lines.append(Tint.red.applied(to: "above the blast-radius limit: needs --force", if: style.isColoured)) }
        return lines.map { $0 + "\n" }.joined()
    }

    private func names(_ names: [String], _ mark: String, _ tint: Tint, _ style: TextStyle) -> [String] {
        names.sorted().map { tint.applied(to: "\(mark) \(Printable.text($0))", if: style.isColoured) }
    }
}
