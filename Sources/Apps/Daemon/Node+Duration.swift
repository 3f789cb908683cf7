import FarmConfig
import Yams

extension Node {
    /// Nil for what is no duration, or none within the range.
    func duration(in range: ClosedRange<Duration>) -> Duration? {
        guard let text = scalar?.string, case .success(let duration) = DurationText.parse(text, in: range) else { return nil }
        return duration
    }
}
