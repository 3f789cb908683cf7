import Glibc

/// The result of an open-loop run, as printed and as JSON.
struct LoadReport: Codable {
    struct Latency: Codable {
        let p50, p90, p99, p999, max: Double

        init?(_ latencies: [Duration]) {
            guard !latencies.isEmpty else { return nil }
            let sorted = latencies.sorted()
            func at(_ share: Double) -> Double { sorted[Int(Double(sorted.count - 1) * share)].milliseconds }
            (p50, p90, p99, p999, max) = (at(0.5), at(0.9), at(0.99), at(0.999), at(1))
        }
    }

    let to: String
    let exchange: String
    let startedNs, endedNs: Monotonic
    let started, answered, failed, localErrors: Int
    let lastLocalError: String?
    let failures: [String: Int]
    let backends: [String: Int]
    let latencyMs: Latency?
    /// The failure whose connection was *started* last, and the one that *failed* last.
    let lastFailureByStart, lastFailureByEnd: Failure?
    let failureLog: [Failure]
    /// How far the generator itself fell behind its plan, at worst.
    let worstLatenessMs: Double
    let cpuSeconds: Double
    var mapping: [String: String]?

    init(_ record: FlowRecord, of plan: OpenLoop.Plan, withMapping: Bool = false) {
        to = plan.target.description
        exchange = plan.exchange.name
        (startedNs, endedNs) = (record.begun, record.ended)
        (started, answered, localErrors) = (record.started, record.latencies.count, record.localErrors)
        failed = record.failureCounts.values.reduce(0, +)
        lastLocalError = record.lastLocalError
        failures = Dictionary(uniqueKeysWithValues: FailureKind.allCases.map { ($0.rawValue, record.failureCounts[$0] ?? 0) })
        backends = record.backends
        latencyMs = Latency(record.latencies)
        lastFailureByStart = record.failures.max { $0.startedNs < $1.startedNs }
        lastFailureByEnd = record.failures.max { $0.failedNs < $1.failedNs }
        failureLog = record.failures
        worstLatenessMs = record.worstLateness.milliseconds
        cpuSeconds = Self.cpuSecondsOfThisProcess()
        mapping = withMapping ? record.backendOfClient : nil
    }

    private static func cpuSecondsOfThisProcess() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }
}

extension LoadReport: CustomStringConvertible {
    var description: String {
        var lines = ["\(to) \(exchange): \(started) started, \(answered) answered, \(failed) failed"]
        if let latencyMs { lines.append("latency ms: \(latencyMs)") }
        if !backends.isEmpty { lines.append("backends: " + sortedText(backends)) }
        if failed > 0 { lines.append("failures: " + sortedText(failures.filter { $0.value > 0 })) }
        if let last = lastFailureByStart { lines.append("last failure by its start: \(last.kind.rawValue) at \(offset(last.startedNs))") }
        if let last = lastFailureByEnd { lines.append("last failure by its end: \(last.kind.rawValue) at \(offset(last.failedNs))") }
        if let lastLocalError { lines.append("not startable here: \(localErrors), the last by \(lastLocalError)") }
        lines.append("generator: at worst \(rounded(worstLatenessMs)) ms late, \(rounded(cpuSeconds * 1000)) ms of CPU")
        return lines.joined(separator: "\n")
    }

    private func offset(_ instant: Monotonic) -> String { "\(rounded((instant - startedNs).milliseconds)) ms" }
}

extension LoadReport.Latency: CustomStringConvertible {
    var description: String {
        [("p50", p50), ("p90", p90), ("p99", p99), ("p99.9", p999), ("max", max)].map { "\($0.0) \(rounded($0.1))" }.joined(separator: "  ")
    }
}

func rounded(_ value: Double) -> String { "\((value * 100).rounded() / 100)" }

func sortedText<Value>(_ counts: [String: Value]) -> String {
    counts.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }.joined(separator: "  ")
}
