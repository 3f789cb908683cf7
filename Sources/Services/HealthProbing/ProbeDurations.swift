import FarmModel
import HealthPolicy

/// From start to result, by the type of the check. Types are numbered: a result is counted without asking for a name.
struct ProbeDurations {
    private var names: [String] = []
    private var histograms: [DurationHistogram] = []

    mutating func number(of kind: HealthCheck.Kind) -> Int {
        if let known = names.firstIndex(of: kind.name) { return known }
        names.append(kind.name)
        histograms.append(DurationHistogram())
        return names.count - 1
    }

    mutating func add(nanoseconds: Int64, to number: Int) { histograms[number].add(nanoseconds: nanoseconds) }

    /// Of the types that have had a result.
    var byName: [String: DurationHistogram] {
        Dictionary(uniqueKeysWithValues: zip(names, histograms).filter { $1 != DurationHistogram() })
    }
}
