import ControlAPI

/// Views with every key set.
enum Sample {
    static let web = FarmView(
        name: "web", mode: "dnat", scheduler: "maglev", state: .degraded, listen: ["203.0.113.10:80/tcp", "[2001:db8::10]:80/tcp"],
        backends: .init(total: 2, healthy: 1, used: 1), tableSize: 127, description: "public web"
    )

    static let web1 = BackendView(
        farm: "web", name: "web1", address: "10.0.1.11", port: "8080", weight: 10, effectiveWeight: 10, priority: 1, admin: "ready",
        isOverridden: false, health: "up", reason: "connected", since: "2026-01-02T03:04:05Z", share: 1, connections: nil
    )

    /// A backend that is named by its address, as the short form of farm files does it.
    static let bracketed = BackendView(
        farm: "web", name: "[fd00:1::13]:8080", address: "fd00:1::13", port: "8080", weight: 10, effectiveWeight: 0, priority: 1,
        admin: "ready", isOverridden: false, health: "down", reason: "connection refused", since: "2026-01-02T03:04:05Z", share: 0,
        connections: nil
    )

    static let why = WhyView(
        farm: "web", state: .degraded,
        families: [
            FamilyWhy(
                family: "ipv4", healthy: 1, counted: 3, quorum: 1, quorumHysteresis: 0, tiers: [1], panic: true, panicThreshold: 50,
                noBackend: "reject")
        ], suspicions: ["all 4 targets went down at once"],
        backends: [
            BackendWhy(
                backend: counted, findings: ["gets new connections"], maintenanceFile: "web@web1", ramp: 19,
                heldUntil: "2026-01-02T03:04:05.000Z", ejectedUntil: "2026-01-02T03:04:05.000Z", relapses: 2, ejections: 1,
                neighbour: "02:00:00:00:00:0b via eth1",
                probe: ProbeWhy(
                    type: "tcp", target: "10.0.1.11:8080", interval: 2, timeout: 1, rise: 2, fall: 3, opposing: 1, successes: 7,
                    failures: 2,
                    late: 1,
                    results: [
                        .init(at: "2026-01-02T03:04:05.000Z", result: "failure", reason: "connection refused", milliseconds: 0.25)
                    ], transitions: [.init(at: "2026-01-02T03:04:01.000Z", verdict: "up", reason: "connected")]))
        ])

    static let sessions = [
        SessionView(farm: "web", listener: "203.0.113.10:80/tcp", client: "192.0.2.7", backend: "web1", expires: 12.5),
        SessionView(farm: "web", listener: "[2001:db8::10]:80/tcp", client: "#00c0ffee00c0ffee", backend: nil, expires: nil),
    ]

    static func status(degraded: Bool) -> StatusView {
        StatusView(
            version: "0.1.0", generation: 42, drift: false,
            farms: .init(total: 1, up: degraded ? 0 : 1, degraded: degraded ? 1 : 0, down: 0),
            backends: .init(total: 2, up: 1, down: 1, unknown: 0),
            lastChange: Change(id: 7, at: "2026-01-02T03:04:05Z", author: "lbctl:root", ok: true, summary: "drain web/web1"),
            configFaults: degraded ? ["error[E012]: unknown key \"sheduler\""] : [], ownsTables: true, stateFault: nil
        )
    }

    static func plan(same: Bool) -> PlanView {
        PlanView(
            same: same, farms: .init(added: same ? [] : ["mail"], changed: same ? [] : ["web"], removed: []),
            elements: .init(added: same ? 0 : 127, removed: same ? 0 : 13), slotsMoved: same ? 0 : 0.12, connectionsAtRisk: same ? 0 : 34,
            needsForce: false
        )
    }

    static func trace(from: String, to: String) -> TraceView {
        TraceView(
            from: from, to: to, steps: ["ip prerouting rule 1: ip daddr . tcp dport vmap @services -> goto maglev-127"],
            outcomes: [.init(result: "dnat 10.0.1.11:8080", farm: "web", backend: "web1", share: 1)]
        )
    }

    static let event = EventView(
        at: "2026-01-02T03:04:05.678Z", kind: .verdict, farm: "web", backend: "web1", message: "down: connection refused", state: "down"
    )

    static var fullStatus: StatusView {
        var status = status(degraded: true)
        status.stateFault = "No space left on device"
        status.handovers = [handover]
        (status.panics, status.suspicions) = (["web"], ["all 4 targets went down at once"])
        status.losses = ["operator overrides were LOST"]
        return status
    }

    static let handover = HandoverView(farm: "web", slots: 12, since: "2026-01-02T03:04:05.000Z", endsBy: "2026-01-02T03:14:05.000Z")

    static let traffic = TrafficView(connections: 7, requests: .init(packets: 35, bytes: 2940), replies: .init(packets: 28, bytes: 9000))

    static var counted: BackendView {
        var view = web1
        view.connections = 12
        view.checks = [CheckView(type: "agent", target: "10.0.1.11:9777", health: "up", reason: "75%")]
        view.advice = "75 %"
        view.traffic = traffic
        return view
    }
}
