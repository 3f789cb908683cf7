import ControlAPI

extension FarmDetail: Presentable {
    var names: [String] { [farm.name] }

    func text(_ style: TextStyle) -> String {
        let facts = facts.map { label, value in "\(label)\(String(repeating: " ", count: 13 - label.count))\(Printable.text(value))\n" }
        return facts.joined() + "\n" + BackendList(backends: backends).text(style)
    }

    private var facts: [(label: String, value: String)] {
        var facts = [
            ("farm", farm.name), ("state", farm.state.rawValue), ("mode", farm.mode), ("scheduler", farm.scheduler),
            ("slots", "\(farm.tableSize)"),
        ]
        facts += farm.listen.map { ("listen", $0) }
        if let description = farm.description { facts.append(("description", description)) }
        if let handover { facts.append(("handover", handover.words)) }
        if let traffic { facts.append(("counted", traffic.words)) }
        if let listeners, listeners.count > 1 { facts += listeners.map { ("counted at", "\($0.listen): \($0.traffic.words)") } }
        if let policies {
            facts += policies.map { ("policy", "\($0.name): \($0.hits.words) \($0.action == "drop" ? "dropped" : "accepted")") }
        }
        if let source { facts.append(("source", source)) }
        return facts
    }
}
