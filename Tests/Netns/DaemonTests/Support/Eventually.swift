import Glibc

/// Asks again and again until the condition holds; a deadline that passes is a fault that says what was waited for.
func eventually(
    _ what: String, within limit: Duration = .seconds(10), lastSeen: @autoclosure () -> String = "", _ condition: () throws -> Bool
) throws {
    let deadline = ContinuousClock.now + limit
    while try !condition() {
        guard ContinuousClock.now < deadline else { throw TestFault("not within \(limit): \(what) \(lastSeen())") }
        usleep(10_000)
    }
}

/// Asks until there is an answer.
func awaited<Value>(_ what: String, within limit: Duration = .seconds(10), _ value: () throws -> Value?) throws -> Value {
    var found: Value?
    try eventually(what, within: limit) {
        found = try value()
        return found != nil
    }
    guard let found else { throw TestFault("no answer: \(what)") }
    return found
}

/// CLOCK_MONOTONIC in nanoseconds, the time line of farmload's results.
func monotonicNow() -> Int64 {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
}
