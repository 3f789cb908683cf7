import FarmModel
import HealthPolicy

/// Verdicts as they are stored: a line for the time, then a line each, `up tcp 10.0.1.11:8080`.
///
/// Lines and not JSON: ten thousand verdicts are written every few seconds, and as JSON they cost 20 MB of heap.
struct VerdictFile {
    /// Seconds since 1970.
    let at: Int
    /// By `ProbeTarget.identityText`.
    let verdicts: [String: Verdict]

    init?(_ octets: [UInt8]) {
        let lines = String(decoding: octets, as: UTF8.self).split(separator: "\n")
        guard let first = lines.first, let at = Int(first) else { return nil }
        var verdicts: [String: Verdict] = [:]
        for line in lines.dropFirst() {
            guard let space = line.firstIndex(of: " "), let verdict = Verdict(rawValue: String(line[..<space])) else { return nil }
            verdicts[String(line[line.index(after: space)...])] = verdict
        }
        (self.at, self.verdicts) = (at, verdicts)
    }

    /// In no order: the lines are a set.
    static func octets(of verdicts: [ProbeTarget: Verdict], at seconds: Int) -> [UInt8] {
        var octets = Array("\(seconds)\n".utf8)
        octets.reserveCapacity(32 * verdicts.count)
        for (target, verdict) in verdicts where verdict != .unknown {
            octets += "\(verdict.rawValue) \(target.identityText)\n".utf8
        }
        return octets
    }
}
