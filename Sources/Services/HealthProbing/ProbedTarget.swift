import HealthPolicy
import NetTypes
import ProbeExchanges

/// A target with its state, schedule and the probe under way. Owned by `ProbeEngine`, which alone touches it.
final class ProbedTarget {
    let target: ProbeTarget
    let address: SocketAddress
    let transport: ProbeTransport
    let origin: ProbeOrigin?
    let schedule: ProbeSchedule
    let phaseNumber: Int
    /// Nanoseconds.
    let timeout: Int64
    // Of the check, which is asked for little else by a probe that does not change anything.
    private let rise, fall: Int
    let isProgram, isWithinTLS: Bool
    /// In `ProbeDurations`.
    let durationNumber: Int
    private(set) var state: HealthState
    /// Of the next probe; beside the state, which each look at it would copy.
    private(set) var pace: ProbePace
    /// The start that the schedule gave, without batching: what the next one is counted from.
    var plannedStart: MonotonicInstant
    var attempt: ProbeAttempt?
    /// The connection of the last probe, if the next one may use it.
    var kept: ProbeAttempt?
    var isPostponed = false
    /// The pool of the sockets that its probes begin from, until when (nanoseconds); nil leaves the source to the kernel.
    var source: (pool: Int32, until: Int64)?
    /// Whether a failure since the last success was put down to the source.
    var hasDoubted = false
    /// Of sockets whose probes go through a farm's rules; nil where they do not, or no mark was left.
    let mark: UInt32?
    /// Where such a probe leaves from, each time: conntrack and the rules then remember one flow a target.
    var sourcePort: UInt16?
    /// The number of a probe that asks the backend itself why this one fails.
    var witness: Int?
    /// What such a probe has found.
    var testimony: String?
    /// How it failed last.
    var failure = PassageFailure.unreached
    /// The number of the target that this one is a witness for.
    let principal: Int?

    init(
        target: ProbeTarget, schedule: ProbeSchedule, phaseNumber: Int, state: HealthState, firstStart: MonotonicInstant,
        durationNumber: Int, mark: UInt32? = nil, principal: Int? = nil
    ) {
        self.durationNumber = durationNumber
        (self.mark, self.principal) = (mark, principal)
        self.target = target
        self.schedule = schedule
        self.phaseNumber = phaseNumber
        (self.state, pace) = (state, state.pace)
        address = SocketAddress(mark == nil ? target.endpoint : target.connected)
        transport = target.check.kind.transport
        origin = ProbeOrigin(target.check.way)
        timeout = max(1_000_000, target.check.timeout.wholeNanoseconds)
        (rise, fall, isWithinTLS) = (target.check.rise, target.check.fall, target.check.way.tls != nil)
        isProgram = transport == .program
        plannedStart = firstStart
    }

    /// Takes in what a probe has found; the change of verdict, if it is one.
    func absorb(_ record: ProbeRecord) -> VerdictTransition? {
        defer { pace = state.pace }
        return state.absorb(record, rise: rise, fall: fall)
    }
}

/// A probe under way: its connection, and where the talk stands. Objects are used again (`ProbeEngine.spares`): making one a probe showed.
final class ProbeAttempt {
    private(set) var descriptor: Int32
    /// Tells events of this attempt from those of earlier ones with the same number.
    private(set) var serial: UInt32
    /// Datagrams keep their bounds and come with the errors that ICMP brings; a connection is a stream that ends.
    var isStream: Bool { transport == .tcp }
    private(set) var transport: ProbeTransport
    private(set) var startedAt: MonotonicInstant
    /// The stall meter at the start.
    private(set) var stalledBefore: Int64
    /// The stall meter when something was last sent.
    var stalledAtLastWord: Int64
    var exchange: any ProbeExchange
    var isConnected = false
    /// The peer has said that it sends no more.
    var isClosing = false
    /// Whether the connection has carried a probe before.
    private(set) var isReused = false
    var unsent: [UInt8] = []
    var emptyDatagrams = 0
    /// Octets that have come since the last probe over the connection ended.
    var heardWhileIdle = 0
    /// Of a socket that another probe may begin from when this one has ended; nil where it is tied to an origin, or has hung up.
    var pool: Int?
    /// Whether the poller knows it by its descriptor.
    private(set) var isLent: Bool
    /// Of the poller, when the connection was begun.
    private(set) var round: UInt32
    /// The program that probes, where it is one; the descriptor is its output.
    var program: RunningProgram?

    init(
        descriptor: Int32, serial: UInt32, transport: ProbeTransport, startedAt: MonotonicInstant, stalledBefore: Int64,
        exchange: any ProbeExchange, pool: Int? = nil, round: UInt32 = 0
    ) {
        (self.pool, isLent, self.round) = (pool, pool != nil, round)
        self.descriptor = descriptor
        self.serial = serial
        self.transport = transport
        self.startedAt = startedAt
        self.stalledBefore = stalledBefore
        stalledAtLastWord = stalledBefore
        self.exchange = exchange
    }

    /// Another probe, when this one is over.
    func become(
        descriptor: Int32, serial: UInt32, transport: ProbeTransport, startedAt: MonotonicInstant, stalledBefore: Int64,
        exchange: any ProbeExchange, pool: Int?, round: UInt32
    ) {
        (self.descriptor, self.serial, self.transport, self.startedAt) = (descriptor, serial, transport, startedAt)
        (self.stalledBefore, stalledAtLastWord) = (stalledBefore, stalledBefore)
        (self.exchange, self.pool, isLent, self.round) = (exchange, pool, pool != nil, round)
        (isConnected, isClosing, isReused, unsent, emptyDatagrams, heardWhileIdle, program) = (false, false, false, [], 0, 0, nil)
    }

    /// Over: what the talk has gathered is given back.
    func retire() { (exchange, unsent) = (ProgramExchange(), []) }

    /// The next probe over the same connection.
    func beginAgain(at now: MonotonicInstant, stalledBefore: Int64) {
        startedAt = now
        self.stalledBefore = stalledBefore
        stalledAtLastWord = stalledBefore
        isReused = true
        heardWhileIdle = 0
    }
}
