/// `GET /api/v1/why`: what is known of a farm's health, and why each backend gets what it gets.
public struct WhyView: Codable, Sendable, Equatable {
    public var farm: String
    public var state: FarmState
    /// By address family, sorted.
    public var families: [FamilyWhy]
    /// What went down together, and therefore may be our fault, in words.
    public var suspicions: [String]
    public var backends: [BackendWhy]

    public init(farm: String, state: FarmState, families: [FamilyWhy], suspicions: [String], backends: [BackendWhy]) {
        (self.farm, self.state, self.families, self.suspicions, self.backends) = (farm, state, families, suspicions, backends)
    }
}

/// What was decided about the backends of one address family.
public struct FamilyWhy: Codable, Sendable, Equatable {
    /// ipv4 or ipv6
    public var family: String
    /// Healthy ones and all that count, of the tiers that serve.
    public var healthy, counted: Int
    public var quorum, quorumHysteresis: Int
    /// Priorities of the tiers that serve.
    public var tiers: [Int]
    /// So few are healthy that all are used.
    public var panic: Bool
    /// Per cent; 0 is off.
    public var panicThreshold: Int
    /// What clients get while nobody is left; nil while somebody is.
    public var noBackend: String?

    public init(
        family: String, healthy: Int, counted: Int, quorum: Int, quorumHysteresis: Int, tiers: [Int], panic: Bool, panicThreshold: Int,
        noBackend: String?
    ) {
        (self.family, self.healthy, self.counted, self.quorum) = (family, healthy, counted, quorum)
        (self.quorumHysteresis, self.tiers, self.panic) = (quorumHysteresis, tiers, panic)
        (self.panicThreshold, self.noBackend) = (panicThreshold, noBackend)
    }
}

public struct BackendWhy: Codable, Sendable, Equatable {
    public var backend: BackendView
    /// In words: why it gets new connections or why not, the most important first.
    public var findings: [String]
    /// The file in maintenance.d that takes it out.
    public var maintenanceFile: String?
    /// Per cent of its weight while it starts slowly; nil otherwise.
    public var ramp: Int?
    /// RFC 3339, UTC.
    public var heldUntil, ejectedUntil: String?
    /// In a row.
    public var relapses, ejections: Int
    /// dsr and stateless: where frames go, as `02:00:00:00:00:0b via eth1`; nil while nobody has answered, and in other modes.
    public var neighbour: String?
    /// Nil for a backend that is not probed.
    public var probe: ProbeWhy?

    public init(
        backend: BackendView, findings: [String], maintenanceFile: String?, ramp: Int?, heldUntil: String?, ejectedUntil: String?,
        relapses: Int, ejections: Int, neighbour: String?, probe: ProbeWhy?
    ) {
        (self.backend, self.findings, self.maintenanceFile, self.ramp) = (backend, findings, maintenanceFile, ramp)
        (self.heldUntil, self.ejectedUntil, self.relapses, self.ejections) = (heldUntil, ejectedUntil, relapses, ejections)
        (self.neighbour, self.probe) = (neighbour, probe)
    }
}

/// What probes of a backend found.
public struct ProbeWhy: Codable, Sendable, Equatable {
    /// tcp, http …
    public var type: String
    /// `10.0.1.11:8080`
    public var target: String
    /// Seconds.
    public var interval, timeout: Double
    public var rise, fall: Int
    /// Results in a row that speak against the verdict.
    public var opposing: Int
    /// Since the target is probed.
    public var successes, failures, late: UInt64
    /// The last ones, newest first.
    public var results: [Result]
    /// The last changes of verdict, newest first.
    public var transitions: [Transition]

    public struct Result: Codable, Sendable, Equatable {
        public var at: String
        /// success, failure or late
        public var result: String
        public var reason: String
        /// From the start of the probe.
        public var milliseconds: Double
        public init(at: String, result: String, reason: String, milliseconds: Double) {
            (self.at, self.result, self.reason, self.milliseconds) = (at, result, reason, milliseconds)
        }
    }

    public struct Transition: Codable, Sendable, Equatable {
        public var at: String
        /// up, down or unknown
        public var verdict: String
        public var reason: String
        public init(at: String, verdict: String, reason: String) { (self.at, self.verdict, self.reason) = (at, verdict, reason) }
    }

    public init(
        type: String, target: String, interval: Double, timeout: Double, rise: Int, fall: Int, opposing: Int, successes: UInt64,
        failures: UInt64, late: UInt64, results: [Result], transitions: [Transition]
    ) {
        (self.type, self.target, self.interval, self.timeout) = (type, target, interval, timeout)
        (self.rise, self.fall, self.opposing) = (rise, fall, opposing)
        (self.successes, self.failures, self.late) = (successes, failures, late)
        (self.results, self.transitions) = (results, transitions)
    }
}
