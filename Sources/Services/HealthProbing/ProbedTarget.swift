import HealthPolicy

/// A target with its state, schedule and the probe under way. Owned by `ProbeEngine`, which alone touches it.
final class ProbedTarget {
    let target: ProbeTarget
    let address: SocketAddress
    let schedule: ProbeSchedule
    let phaseNumber: Int
    /// Nanoseconds.
    let timeout: Int64
    var state: HealthState
    /// The start that the schedule gave, without batching: what the next one is counted from.
    var plannedStart: MonotonicInstant
    var attempt: ProbeAttempt?
    var isPostponed = false

    init(target: ProbeTarget, schedule: ProbeSchedule, phaseNumber: Int, state: HealthState, firstStart: MonotonicInstant) {
        self.target = target
        self.schedule = schedule
        self.phaseNumber = phaseNumber
        self.state = state
        address = SocketAddress(target.endpoint)
        timeout = max(1_000_000, target.check.timeout.wholeNanoseconds)
        plannedStart = firstStart
    }
}

/// A probe under way: its connection, and where the talk stands.
final class ProbeAttempt {
    let descriptor: Int32
    /// Tells events of this attempt from those of earlier ones with the same number.
    let serial: UInt32
    let startedAt: MonotonicInstant
    /// The stall meter at the start.
    let stalledBefore: Int64
    /// The stall meter when something was last sent.
    var stalledAtLastWord: Int64
    var exchange: any ProbeExchange
    var isConnected = false
    var unsent: [UInt8] = []

    init(descriptor: Int32, serial: UInt32, startedAt: MonotonicInstant, stalledBefore: Int64, exchange: any ProbeExchange) {
        self.descriptor = descriptor
        self.serial = serial
        self.startedAt = startedAt
        self.stalledBefore = stalledBefore
        stalledAtLastWord = stalledBefore
        self.exchange = exchange
    }
}
