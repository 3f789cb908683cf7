/// JSON bodies of the control interface. Names and meanings are a contract (docs/lbctl.md); keys are only ever added.

public struct StatusView: Codable, Sendable, Equatable {
    public var version: String
    /// The kernel's nf_tables generation after our last commit.
    public var generation: UInt32
    /// The kernel's tables differ from what was committed, and the repair has not succeeded yet.
    public var drift: Bool
    public var farms: Farms
    public var backends: Backends
    public var lastChange: Change?
    /// Faults of the farm files that keep the running configuration in place, or what it is that holds them back; empty when the files
    /// are what runs.
    public var configFaults: [String]
    /// The farm files are good, and wait for `lbctl apply --force`: they are above the blast radius.
    public var heldBack: Bool
    /// False when the kernel lacks `owner|persist`: foreign changes are repaired instead of refused.
    public var ownsTables: Bool
    /// Set when the state directory cannot be written; overrides then do not survive a restart.
    public var stateFault: String?
    /// Farms of which slots are in transition, sorted by name.
    public var handovers: [HandoverView]
    /// Farms in which so few backends are healthy that all are used, sorted.
    public var panics: [String]
    /// What went down together, and therefore may be our fault, in words.
    public var suspicions: [String]
    /// What of the state directory is lost, in words, until the damaged file is removed: for people to act on, no fault of what runs.
    public var losses: [String]

    public struct Farms: Codable, Sendable, Equatable {
        public var total, up, degraded, down: Int
        public init(total: Int, up: Int, degraded: Int, down: Int) {
            (self.total, self.up, self.degraded, self.down) = (total, up, degraded, down)
        }
    }
    public struct Backends: Codable, Sendable, Equatable {
        public var total, up, down, unknown: Int
        public init(total: Int, up: Int, down: Int, unknown: Int) {
            (self.total, self.up, self.down, self.unknown) = (total, up, down, unknown)
        }
    }

    public init(
        version: String, generation: UInt32, drift: Bool, farms: Farms, backends: Backends, lastChange: Change?,
        configFaults: [String], ownsTables: Bool, stateFault: String?, handovers: [HandoverView] = [],
        panics: [String] = [], suspicions: [String] = [], losses: [String] = [], heldBack: Bool = false
    ) {
        (self.version, self.generation, self.drift) = (version, generation, drift)
        (self.farms, self.backends, self.lastChange) = (farms, backends, lastChange)
        (self.configFaults, self.ownsTables, self.stateFault) = (configFaults, ownsTables, stateFault)
        (self.handovers, self.panics, self.suspicions, self.losses) = (handovers, panics, suspicions, losses)
        self.heldBack = heldBack
    }
}

/// Slots of a farm have moved, and connections stay with the backends that they had (docs/design/handover.md).
public struct HandoverView: Codable, Sendable, Equatable {
    public var farm: String
    /// How many slots move; 0 while only connections that began meanwhile are followed.
    public var slots: Int
    /// RFC 3339, UTC: when it began, and when it ends at the latest.
    public var since, endsBy: String

    public init(farm: String, slots: Int, since: String, endsBy: String) {
        (self.farm, self.slots, self.since, self.endsBy) = (farm, slots, since, endsBy)
    }
}

/// What a change of the ruleset was, who asked for it and whether the kernel took it.
public struct Change: Codable, Sendable, Equatable {
    public var id: Int
    /// RFC 3339, UTC.
    public var at: String
    /// `files`, `lbctl:<user>`, `probe`, `neighbour`, `repair`, `start` or, when it failed, `least-connections`.
    public var author: String
    public var ok: Bool
    public var summary: String

    public init(id: Int, at: String, author: String, ok: Bool, summary: String) {
        (self.id, self.at, self.author, self.ok, self.summary) = (id, at, author, ok, summary)
    }
}

public enum FarmState: String, Codable, Sendable {
    case up, degraded, down, maintenance
}

public struct FarmView: Codable, Sendable, Equatable {
    public var name, mode, scheduler: String
    public var state: FarmState
    /// `203.0.113.10:80/tcp`
    public var listen: [String]
    public var backends: Count
    public var tableSize: Int
    public var description: String?
    /// So few backends are healthy that all are used.
    public var panic: Bool

    /// Total, probed well, and named by at least one slot.
    public struct Count: Codable, Sendable, Equatable {
        public var total, healthy, used: Int
        public init(total: Int, healthy: Int, used: Int) { (self.total, self.healthy, self.used) = (total, healthy, used) }
    }

    public init(
        name: String, mode: String, scheduler: String, state: FarmState, listen: [String], backends: Count, tableSize: Int,
        description: String?, panic: Bool = false
    ) {
        (self.name, self.mode, self.scheduler, self.state) = (name, mode, scheduler, state)
        self.panic = panic
        (self.listen, self.backends, self.tableSize, self.description) = (listen, backends, tableSize, description)
    }
}

public struct BackendView: Codable, Sendable, Equatable {
    public var farm, name, address: String
    /// Nil where the client's port is kept; `8080` or `30000-30100`.
    public var port: String?
    /// Configured, and after overrides, health and (least-connections) open connections: what the slots were dealt by.
    public var weight, effectiveWeight: Int
    public var priority: Int
    /// ready, drain or maintenance
    public var admin: String
    /// The admin state or weight comes from an override, not from the file.
    public var isOverridden: Bool
    /// up, down or unknown
    public var health: String
    public var reason: String
    /// RFC 3339, UTC: when `health` became what it is.
    public var since: String?
    /// Of the farm's slots in the backend's address family, 0–1.
    public var share: Double
    /// Tracked connections; nil where there is no conntrack (dsr) or when not asked for.
    public var connections: Int?
    /// Each check's state, where there are several, and the agent's; nil where there is one check.
    public var checks: [CheckView]?
    /// What the backend asks for by its agent or checks, in words; nil for nothing.
    public var advice: String?
    /// Nil where the farm counts nothing.
    public var traffic: TrafficView?

    public init(
        farm: String, name: String, address: String, port: String?, weight: Int, effectiveWeight: Int, priority: Int, admin: String,
        isOverridden: Bool, health: String, reason: String, since: String?, share: Double, connections: Int?,
        checks: [CheckView]? = nil, advice: String? = nil, traffic: TrafficView? = nil
    ) {
        (self.checks, self.advice) = (checks, advice)
        (self.farm, self.name, self.address, self.port) = (farm, name, address, port)
        (self.weight, self.effectiveWeight, self.priority) = (weight, effectiveWeight, priority)
        (self.admin, self.isOverridden, self.health, self.reason) = (admin, isOverridden, health, reason)
        (self.since, self.share, self.connections) = (since, share, connections)
        self.traffic = traffic
    }
}

/// One of several checks of a backend, or its agent.
public struct CheckView: Codable, Sendable, Equatable {
    /// As in the farm file; `agent` for the agent.
    public var type: String
    /// Address and port.
    public var target: String
    /// up, down or unknown; of an agent: whether it answers.
    public var health: String
    /// What the last probe said.
    public var reason: String

    public init(type: String, target: String, health: String, reason: String) {
        (self.type, self.target, self.health, self.reason) = (type, target, health, reason)
    }
}

public struct FarmList: Codable, Sendable, Equatable {
    public var farms: [FarmView]
    public init(farms: [FarmView]) { self.farms = farms }
}

public struct BackendList: Codable, Sendable, Equatable {
    public var backends: [BackendView]
    public init(backends: [BackendView]) { self.backends = backends }
}

/// A farm with its backends: `farm show`.
public struct FarmDetail: Codable, Sendable, Equatable {
    public var farm: FarmView
    public var backends: [BackendView]
    /// Where its file says so: `farms.d/web.yaml:1`.
    public var source: String?
    /// Nil while nothing is in transition.
    public var handover: HandoverView?
    /// What has gone through the farm, and through each listener; nil where it counts nothing.
    public var traffic: TrafficView?
    public var listeners: [ListenerTrafficView]?
    /// What each policy has decided on, in the order in which they are asked; nil where the farm counts nothing.
    public var policies: [PolicyCountView]?
    public init(
        farm: FarmView, backends: [BackendView], source: String?, handover: HandoverView? = nil, traffic: TrafficView? = nil,
        listeners: [ListenerTrafficView]? = nil, policies: [PolicyCountView]? = nil
    ) {
        (self.farm, self.backends, self.source, self.handover) = (farm, backends, source, handover)
        (self.traffic, self.listeners, self.policies) = (traffic, listeners, policies)
    }
}

/// What an apply would do or has done.
public struct PlanView: Codable, Sendable, Equatable {
    public var same: Bool
    public var farms: Names
    public var elements: Elements
    /// Share of the slots of existing listeners that name another backend afterwards, 0–1.
    public var slotsMoved: Double
    /// Tracked connections to backends that are removed; 0 offline.
    public var connectionsAtRisk: Int
    /// The change is above the blast-radius limit and needs `--force`.
    public var needsForce: Bool

    public struct Names: Codable, Sendable, Equatable {
        public var added, changed, removed: [String]
        public init(added: [String], changed: [String], removed: [String]) {
            (self.added, self.changed, self.removed) = (added, changed, removed)
        }
    }
    public struct Elements: Codable, Sendable, Equatable {
        public var added, removed: Int
        public init(added: Int, removed: Int) { (self.added, self.removed) = (added, removed) }
    }

    public init(same: Bool, farms: Names, elements: Elements, slotsMoved: Double, connectionsAtRisk: Int, needsForce: Bool) {
        (self.same, self.farms, self.elements) = (same, farms, elements)
        (self.slotsMoved, self.connectionsAtRisk, self.needsForce) = (slotsMoved, connectionsAtRisk, needsForce)
    }
}

public struct RulesView: Codable, Sendable, Equatable {
    /// nft's own syntax.
    public var text: String
    public init(text: String) { self.text = text }
}

public struct TraceView: Codable, Sendable, Equatable {
    public var from, to: String
    /// One line a rule that the packet met: `inet prerouting rule 1: … → goto nat4-127-hash`.
    public var steps: [String]
    /// Where the packet may end, with shares that add up to 1.
    public var outcomes: [Outcome]

    public struct Outcome: Codable, Sendable, Equatable {
        /// `dnat 10.0.1.11:8080`, `snat …`, `dsr 02:… via eth0`, `reject`, `drop`, `pass`
        public var result: String
        public var farm, backend: String?
        public var share: Double
        public init(result: String, farm: String?, backend: String?, share: Double) {
            (self.result, self.farm, self.backend, self.share) = (result, farm, backend, share)
        }
    }

    public init(from: String, to: String, steps: [String], outcomes: [Outcome]) {
        (self.from, self.to, self.steps, self.outcomes) = (from, to, steps, outcomes)
    }
}

/// Something that happened: a line of `lbctl monitor`.
public struct EventView: Codable, Sendable, Equatable {
    public enum Kind: String, Codable, Sendable {
        case verdict, change, drift, neighbour, link, config, override, handover, policy, capacity
    }
    /// RFC 3339, UTC, with milliseconds.
    public var at: String
    public var kind: Kind
    public var farm, backend: String?
    public var message: String
    /// For programs. verdict: up, down or unknown. policy: panic, panic-lost (it ends with its last healthy backend),
    /// panic-over, tier-joined, tier-left, held, hold-over, ejected, ejection-over, suspicion or suspicion-over. Nil elsewhere.
    public var state: String?
    public init(at: String, kind: Kind, farm: String?, backend: String?, message: String, state: String? = nil) {
        (self.at, self.kind, self.farm, self.backend, self.message) = (at, kind, farm, backend, message)
        self.state = state
    }
}
