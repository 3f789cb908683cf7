import ControlAPI

/// One screen: the status, and who is behind what is wrong with it.
struct StatusReport: Presentable {
    let status: StatusView
    let troubles: Troubles

    func encode(to encoder: any Encoder) throws { try status.encode(to: encoder) }

    var names: [String] { [isDegraded ? "degraded" : "ok"] }

    /// Somebody should look: exit code 6.
    var isDegraded: Bool { status.isDegraded }

    func text(_ style: TextStyle) -> String {
        let rows = [daemon, farms(style), backends(style), lastChange(style)].map { $0 + "\n" }.joined() + handovers
        return rows + warnings(style) + troubles.text(style)
    }

    private var daemon: String {
        let tables = status.ownsTables ? "owned" : "watched"
        return "daemon       zvnftd \(Printable.text(status.version)), generation \(status.generation), tables \(tables)"
    }

    private func farms(_ style: TextStyle) -> String {
        let farms = status.farms
        let parts = [("up", farms.up), ("degraded", farms.degraded), ("down", farms.down)]
        return "farms        \(farms.total): " + counts(parts, style)
    }

    private func backends(_ style: TextStyle) -> String {
        let backends = status.backends
        let parts = [("up", backends.up), ("down", backends.down), ("unknown", backends.unknown)]
        return "backends     \(backends.total): " + counts(parts, style)
    }

    private func counts(_ parts: [(state: String, count: Int)], _ style: TextStyle) -> String {
        parts.map { state, count in
            let text = "\(count) \(state)"
            return count > 0 ? Tint.of(state: state)?.applied(to: text, if: style.isColoured) ?? text : text
        }.joined(separator: ", ")
    }

    private func lastChange(_ style: TextStyle) -> String {
        guard let change = status.lastChange else { return "last change  none since the start" }
        let outcome = change.ok ? "" : Tint.red.applied(to: " REFUSED", if: style.isColoured)
        return "last change  #\(change.id) \(Printable.text("\(change.at) by \(change.author): \(change.summary)"))\(outcome)"
    }

    private var handovers: String {
        status.handovers.map { "handover     \(Printable.text($0.farm)): \(Printable.text($0.words))\n" }.joined()
    }

    private func warnings(_ style: TextStyle) -> String {
        var warnings = (status.suspicions + status.losses).map { Printable.text($0) }
        if status.drift { warnings.append("drift: the kernel's tables differ from what was committed") }
        if let fault = status.stateFault { warnings.append("state: \(Printable.text(fault))") }
        let faults = status.configFaults.map { Printable.lines($0) }
        if !faults.isEmpty {
            let trouble = status.heldBack ? "are good, and held back by the blast radius" : "have faults"
            warnings.append("farm files \(trouble); what ran before them goes on:")
        }
        return (warnings.map { Tint.yellow.applied(to: $0, if: style.isColoured) } + faults).map { "\n\($0)\n" }.joined()
    }
}

extension HandoverView {
    /// `12 slots move since …, until … at the latest`
    var words: String { "\(counted(slots, "slot", "move")) since \(since), until \(endsBy) at the latest" }
}

extension StatusView {
    var isDegraded: Bool {
        farms.degraded + farms.down > 0 || drift || !configFaults.isEmpty || stateFault != nil || lastChange?.ok == false
    }
}
