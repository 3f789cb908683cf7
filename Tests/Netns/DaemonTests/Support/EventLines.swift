import FoundationEssentials

/// A running `lbctl monitor -o jsonl`.
struct EventLines {
    private let program: Program

    /// Returns once it is connected: an event that we cause ourselves has arrived.
    init(_ balancer: Balancer, nudging backend: String, _ options: String...) throws {
        program = try Program([Programs.lbctl, "--socket", balancer.socket, "monitor", "-o", "jsonl"] + options)
        try eventually("the monitor is connected") {
            _ = try balancer.lbctl("backend", "weight", backend, "1").text()
            return !program.output.isEmpty
        }
        _ = try balancer.lbctl("backend", "reset", backend).text()
    }

    var all: [EventView] {
        get throws {
            let text = program.output
            // The last line may still be on its way.
            return try text[..<(text.lastIndex(of: "\n") ?? text.startIndex)].split(separator: "\n").map {
                try JSONDecoder().decode(EventView.self, from: Data($0.utf8))
            }
        }
    }

    func await(_ what: String, _ condition: (EventView) -> Bool) throws {
        try eventually("event: \(what)", lastSeen: program.output) { try all.contains(where: condition) }
    }
}
