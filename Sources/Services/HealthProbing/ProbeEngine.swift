import FarmModel
import HealthPolicy

#if canImport(Glibc)
    import Glibc
#endif

/// All targets, their timers and their connections. One call at a time: `ProbeLoop` keeps it behind a lock, where there is one of it.
struct ProbeEngine: ~Copyable {
    /// Above this many starts a second they are made in batches.
    private static let crowd = 500.0

    let poller: Poller
    let bounds: ProbeBounds
    let origin: MonotonicInstant
    var targets: [ProbedTarget?] = []
    var wheel: TimerWheel
    var meter: StallMeter
    var ports: SourcePorts
    var counts = ProbeLoopCounts()
    var durations = ProbeDurations()
    var reports: [ProbeReport] = []
    /// Numbers of targets whose start waits for a probe to end, oldest first.
    var postponed = NumberQueue()
    /// Programs that were killed and have not ended yet, by the serial of their attempt.
    var dying: [UInt32: RunningProgram] = [:]
    var programs = ProgramPlaces()
    let runsPrograms: Bool
    var nextSerial: UInt32 = 0
    var idle = IdleSockets()
    var borrowers = Borrowers()
    /// Attempts that are over, for the next ones.
    var spares: [ProbeAttempt] = []
    private static let mostSpares = 256
    /// Counts what the poller has given: that is older than an attempt of the same round over a socket that was lent again.
    var round: UInt32 = 0
    var tlsContexts = TLSContexts()
    var receiveBuffer = [UInt8](repeating: 0, count: 16_384)
    private(set) var isCrowded = false
    private var numbers: [ProbeTarget: Int] = [:]
    private var freeNumbers: [Int] = []
    /// Source ports of probes through farms' rules, by the listener's port.
    var passagePorts: [UInt16: Set<UInt16>] = [:]
    private var phases = ProbePhases()
    private var marks: [ProbeEntrance: UInt32] = [:]

    init(settings: ProbeSettings, poller: Poller, now: MonotonicInstant) {
        self.poller = poller
        bounds = settings.bounds()
        runsPrograms = settings.runsPrograms
        origin = now
        wheel = TimerWheel(start: now.nanoseconds)
        meter = StallMeter(start: now.nanoseconds)
        ports = SourcePorts(range: settings.sourcePorts)
    }

    /// Changes the set of targets to the given one: what is in both goes on undisturbed.
    mutating func setTargets(_ wanted: [ProbeTarget: Verdict?], marks: [ProbeEntrance: UInt32] = [:], now: MonotonicInstant) {
        self.marks = marks
        for target in numbers.keys where wanted[target] == nil { remove(target) }
        let added = wanted.keys.filter { numbers[$0] == nil }.sorted(by: ProbeTarget.precedes)
        for target in added { add(target, lastKnown: wanted[target] ?? nil, count: added.count, now: now) }
        let rate = numbers.keys.reduce(0.0) { $0 + 1e9 / Double(max(1_000_000, $1.check.interval.wholeNanoseconds)) }
        isCrowded = rate > Self.crowd
    }

    /// Plans the first starts anew: targets may have been set long before the loop runs.
    mutating func begin(now: MonotonicInstant) {
        meter = StallMeter(start: now.nanoseconds)
        for (number, entry) in targets.enumerated() {
            guard let entry, entry.target.check.kind != .none else { continue }
            entry.plannedStart = entry.schedule.firstStart(from: now, among: numbers.count)
            plan(entry, number, now: now)
        }
    }

    private mutating func add(_ target: ProbeTarget, lastKnown: Verdict?, count: Int, now: MonotonicInstant) {
        let (phaseNumber, phase) = phases.take()
        let schedule = ProbeSchedule(check: target.check, origin: origin, phase: phase)
        let isProbed = target.check.kind != .none
        let entry = ProbedTarget(
            target: target, schedule: schedule, phaseNumber: phaseNumber,
            state: isProbed ? HealthState(lastKnown: lastKnown, at: now) : HealthState(unprobedAt: now),
            firstStart: schedule.firstStart(from: now, among: count), durationNumber: durations.number(of: target.check.kind),
            mark: target.entrance.flatMap { marks[$0] })
        let number = place(entry)
        numbers[target] = number
        if isProbed { plan(entry, number, now: now) } else { reportUnprobed(entry, lastKnown: lastKnown) }
    }

    /// Gives it a number.
    mutating func place(_ entry: ProbedTarget) -> Int {
        let number = freeNumbers.popLast() ?? targets.count
        if number == targets.count { targets.append(entry) } else { targets[number] = entry }
        return number
    }

    private mutating func reportUnprobed(_ entry: ProbedTarget, lastKnown: Verdict?) {
        guard lastKnown != .up else { return }
        let state = entry.state
        let transition = VerdictTransition(previous: lastKnown ?? .unknown, verdict: .up, reason: state.reason, at: state.since)
        reports.append(ProbeReport(target: entry.target, transition: transition))
    }

    private mutating func remove(_ target: ProbeTarget) {
        guard let number = numbers.removeValue(forKey: target), let entry = targets[number] else { return }
        if let witness = entry.witness { vacate(witness) }
        phases.giveBack(entry.phaseNumber)
        vacate(number)
    }

    /// Ends what is under way there, without a result.
    mutating func vacate(_ number: Int) {
        guard let entry = targets[number] else { return }
        if let attempt = entry.attempt { disconnect(attempt) }
        dropKept(of: entry)
        releasePort(of: entry)
        wheel.cancel(number)
        targets[number] = nil
        freeNumbers.append(number)
    }

    /// Sets the timer for the planned start. One that is due already is not put off for the sake of a batch, or a probe that runs up to the
    /// next slot would fall behind by a batch each time.
    mutating func plan(_ entry: ProbedTarget, _ number: Int, now: MonotonicInstant) {
        let planned = entry.schedule.jittered(entry.plannedStart, pace: entry.pace)
        let start = isCrowded && planned > now ? entry.schedule.batchedStart(planned, pace: entry.pace) : planned
        wheel.set(number, at: start.nanoseconds)
    }

    mutating func disconnect(_ attempt: ProbeAttempt) {
        if attempt.isLent { borrowers.takeBack(attempt.descriptor) }
        if let pool = attempt.pool, attempt.isConnected {
            idle.put(attempt.descriptor, pool)
        } else {
            close(attempt.descriptor)
        }
        counts.inFlight -= 1
        if let program = attempt.program { return abandon(program, attempt.serial) }
        guard spares.count < Self.mostSpares else { return }
        attempt.retire()
        spares.append(attempt)
    }

    /// Whether one more probe may begin that needs a descriptor. Idle sockets stand back for it.
    var hasRoom: Bool { counts.inFlight < bounds.inFlight && heldDescriptors < bounds.descriptors }

    /// A program has a descriptor beside that of its output, until it is reaped.
    private var heldDescriptors: Int { counts.inFlight + counts.kept + programs.running }

    /// Before a descriptor is opened: closes idle sockets, until there is room for it under the bound.
    mutating func makeRoom() {
        while idle.count > 0, heldDescriptors + idle.count >= bounds.descriptors { idle.closeOne() }
    }

    /// What is known, target by target; cheap enough to hold up the loop for it.
    func states() -> [(ProbeTarget, HealthState)] {
        // A witness may ask what another target asks, too.
        targets.compactMap { $0.flatMap { $0.principal == nil ? ($0.target, $0.state) : nil } }
    }

    func state(of target: ProbeTarget) -> HealthState? { numbers[target].flatMap { targets[$0]?.state } }

    mutating func takeReports() -> [ProbeReport] {
        guard !reports.isEmpty else { return [] }
        defer { reports = [] }
        return reports
    }

    /// Ends all probes without results.
    mutating func shutDown() {
        defer { idle.closeAll() }
        for target in Array(numbers.keys) { remove(target) }
    }
}
