/// A long-lived connection that died.
struct LongFailure: Codable {
    let flow: Int
    let kind: FailureKind
    let atNs: Monotonic
    /// Who had answered it before.
    let backend: String?
}

/// What became of the connections of a long run.
struct LongRecord {
    var begun = Monotonic.now()
    var ended = Monotonic.now()
    var alive = 0
    var aliveBackends: [String: Int] = [:]
    var exchanges = 0
    var lostDatagrams = 0
    /// Answers of a flow that came from another backend than the one before. Always a fault with TCP.
    var backendChanges = 0
    var longestAnswer = Duration.zero
    var failures: [LongFailure] = []
}

/// The result of a long run, as printed and as JSON.
struct LongReport: Codable, CustomStringConvertible {
    let to: String
    let exchange: String
    let startedNs, endedNs: Monotonic
    let count, alive, exchanges, lostDatagrams, backendChanges: Int
    let longestAnswerMs: Double
    let backends: [String: Int]
    let failures: [LongFailure]

    init(_ record: LongRecord, of plan: LongRun.Plan) {
        to = plan.target.description
        exchange = plan.exchange.name
        (startedNs, endedNs) = (record.begun, record.ended)
        (count, alive, exchanges) = (plan.count, record.alive, record.exchanges)
        (lostDatagrams, backendChanges) = (record.lostDatagrams, record.backendChanges)
        longestAnswerMs = record.longestAnswer.milliseconds
        backends = record.aliveBackends
        failures = record.failures
    }

    var description: String {
        var lines = ["\(to) \(exchange): \(alive) of \(count) alive, \(exchanges) lines exchanged"]
        lines.append("longest answer: \(rounded(longestAnswerMs)) ms")
        if !backends.isEmpty { lines.append("backends: " + sortedText(backends)) }
        if backendChanges > 0 { lines.append("\(backendChanges) answers came from another backend than the one before") }
        if lostDatagrams > 0 { lines.append("\(lostDatagrams) datagrams without an answer") }
        for failure in failures {
            let instant = rounded((failure.atNs - startedNs).milliseconds)
            lines.append("connection \(failure.flow) (\(failure.backend ?? "never answered")): \(failure.kind.rawValue) at \(instant) ms")
        }
        return lines.joined(separator: "\n")
    }
}
