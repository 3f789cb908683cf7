import ControlAPI

extension WhyView: Presentable {
    var names: [String] { backends.map(\.backend.fullName) }

    func text(_ style: TextStyle) -> String {
        let head =
            "\(Printable.text(farm)): \(Tint.of(state: state.rawValue)?.applied(to: state.rawValue, if: style.isColoured) ?? state.rawValue)\n"
        let warnings = suspicions.map { Tint.yellow.applied(to: "  \(Printable.text($0))", if: style.isColoured) + "\n" }
        let families = families.map { "  \($0.words)\n" }
        return (([head] + warnings + families) + backends.map { "\n" + $0.text(style) }).joined()
    }
}

extension FamilyWhy {
    fileprivate var words: String {
        var parts = ["\(family): \(healthy) of \(counted) healthy", "quorum \(quorum)"]
        if quorumHysteresis > 0 { parts.append("hysteresis \(quorumHysteresis)") }
        parts.append("tiers \(tiers.map(String.init).joined(separator: ", "))")
        parts.append(panic ? "PANIC: all are used" : panicThreshold == 0 ? "panic is off" : "panic below \(panicThreshold) %")
        if let noBackend { parts.append("nobody is left: \(noBackend)") }
        return parts.joined(separator: "; ")
    }
}

extension BackendWhy {
    fileprivate func text(_ style: TextStyle) -> String {
        let health = Tint.of(state: backend.health)?.applied(to: backend.health, if: style.isColoured) ?? backend.health
        var lines = [
            "\(Printable.text(backend.fullName)) \(Printable.text(backend.target)): \(backend.admin), \(health), weight \(backend.weightText), "
                + "share \(percent(backend.share))"
        ]
        lines += findings.map { "  \(Printable.text($0))" }
        if let neighbour { lines.append("  neighbour \(Printable.text(neighbour))") }
        if relapses > 0 { lines.append("  \(counted(relapses, "relapse")) in a row") }
        if ejections > 0 { lines.append("  \(counted(ejections, "ejection")) in a row") }
        lines += probe?.lines ?? ["  not probed"]
        return lines.map { $0 + "\n" }.joined()
    }
}

extension ProbeWhy {
    fileprivate var lines: [String] {
        let head =
            "  probed by \(type) at \(target) every \(interval) s: \(successes) succeeded, \(failures) failed, \(late) were late (ours)"
        return [head]
            + transitions.map { "    \($0.at) turned \($0.verdict): \(Printable.text($0.reason))" }
            + results.map { "    \($0.at) \($0.result) after \($0.milliseconds) ms: \(Printable.text($0.reason))" }
    }
}
