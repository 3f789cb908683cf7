import ArgumentParser
import FarmConfig

/// A duration as farm files write it: `100ms`, `2s`, `10m`, `1h`.
struct TimeSpan: Equatable {
    let duration: Duration

    init(_ duration: Duration) { self.duration = duration }

    /// For options: the parser puts the words of the error behind the value that it could not use.
    static func read(_ argument: String) throws -> TimeSpan {
        switch DurationText.parse(argument, in: .zero...DurationText.longest) {
        case .success(let duration): return TimeSpan(duration)
        case .failure(let problem): throw ValidationError("\(problem.message): \(problem.hint)")
        }
    }
}
