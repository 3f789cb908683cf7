import Glibc

/// An instant of CLOCK_MONOTONIC in nanoseconds; the same for every process and namespace of the machine.
struct Monotonic: Comparable, Codable {
    let nanoseconds: Int64

    static func now() -> Monotonic {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Monotonic(nanoseconds: Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec))
    }

    init(nanoseconds: Int64) { self.nanoseconds = nanoseconds }

    init(from decoder: any Decoder) throws { nanoseconds = try decoder.singleValueContainer().decode(Int64.self) }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(nanoseconds)
    }

    static func < (left: Monotonic, right: Monotonic) -> Bool { left.nanoseconds < right.nanoseconds }
    static func + (instant: Monotonic, span: Duration) -> Monotonic { Monotonic(nanoseconds: instant.nanoseconds + span.nanoseconds) }
    static func - (left: Monotonic, right: Monotonic) -> Duration { .nanoseconds(left.nanoseconds - right.nanoseconds) }
}

extension Duration {
    var nanoseconds: Int64 { components.seconds * 1_000_000_000 + components.attoseconds / 1_000_000_000 }
    var milliseconds: Double { Double(nanoseconds) / 1_000_000 }
}
