import Glibc
import HealthPolicy
import Synchronization

/// Wall-clock time for people and files; nothing is decided by it.
enum Timestamp {
    /// RFC 3339, UTC, with milliseconds.
    static var now: String {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return text(seconds: time.tv_sec, milliseconds: time.tv_nsec / 1_000_000)
    }

    /// Seconds since 1970.
    static var seconds: Int {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return time.tv_sec
    }

    static func text(seconds: Int, milliseconds: Int) -> String {
        var (seconds, parts) = (time_t(seconds), tm())
        gmtime_r(&seconds, &parts)
        func digits(_ value: some BinaryInteger, _ width: Int) -> String {
            let text = String(value)
            return String(repeating: "0", count: max(0, width - text.count)) + text
        }
        let date = "\(digits(parts.tm_year + 1900, 4))-\(digits(parts.tm_mon + 1, 2))-\(digits(parts.tm_mday, 2))"
        let time = "\(digits(parts.tm_hour, 2)):\(digits(parts.tm_min, 2)):\(digits(parts.tm_sec, 2)).\(digits(milliseconds, 3))"
        return "\(date)T\(time)Z"
    }

    /// The clock by which verdicts are dated.
    static var monotonic: MonotonicInstant {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return MonotonicInstant(nanoseconds: Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec))
    }

    /// A point of CLOCK_MONOTONIC as wall-clock time.
    static func text(_ instant: MonotonicInstant) -> String {
        let milliseconds = (offset() + instant.nanoseconds) / 1_000_000
        return text(seconds: Int(milliseconds / 1_000), milliseconds: Int(milliseconds % 1_000))
    }

    /// From the monotonic clock to the wall clock, nanoseconds. Kept until the clocks part by more than a hair: an instant that
    /// did not change has to read the same each time.
    private static func offset() -> Int64 {
        var wall = timespec()
        clock_gettime(CLOCK_REALTIME, &wall)
        let current = Int64(wall.tv_sec) * 1_000_000_000 + Int64(wall.tv_nsec) - monotonic.nanoseconds
        return lastOffset.withLock { last in
            if abs(current - last) > tolerance { last = current }
            return last
        }
    }

    private static let lastOffset = Mutex<Int64>(0)
    private static let tolerance: Int64 = 100_000_000
}
