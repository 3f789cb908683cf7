import FarmModel

/// The keys that decide whose traffic is served, how much of it, and what is remembered and told of it.
extension FarmSchema {
    static let persistence = FarmKey(
        "farm.persistence", .section, default: "none",
        "Keeps a client on its backend for a time, whatever the scheduler says; a backend that is out loses its clients. Needs conntrack.",
        keys: [
            FarmKey(
                "farm.persistence.key", .list(.choice(HashInput.allCases.map { .word($0.rawValue) }), atMost: HashInput.allCases.count),
                default: "[sourceAddress]", "What makes two connections those of one client."),
            FarmKey("farm.persistence.timeout", .seconds, default: "10m", "How long a client is remembered after its last new connection."),
            FarmKey(
                "farm.persistence.sessions", .list(.section, atMost: FarmLimits.sessionsPerFarm),
                "Clients whose backend is written here, for as long as that is usable.",
                keys: [
                    FarmKey("farm.persistence.sessions.source", .address, isRequired: true, "The client's address."),
                    FarmKey(
                        "farm.persistence.sessions.backend", .text(.backendName), isRequired: true,
                        "The name of a backend of the client's address family."),
                ]),
        ])

    static let limits = FarmKey(
        "farm.limits", .section, default: "none", "Bounds on what clients may do; what is above them is dropped.",
        keys: [
            rateLimit("farm.limits.newConnections", "New connections of the whole farm. UDP: new flows; without conntrack, packets."),
            rateLimit("farm.limits.newConnectionsPerSource", "New connections of one source address."),
            FarmKey(
                "farm.limits.connectionsPerSource", .integer(1...1_000_000), "Connections of one source at a time. Needs conntrack."),
            rateLimit("farm.limits.resetsPerSource", "TCP resets that one source address may send."),
            FarmKey(
                "farm.limits.tcpStrict", .boolean, default: "false",
                "Drops TCP packets whose combination of flags no honest sender makes."),
            FarmKey(
                "farm.limits.synProxy", .boolean, default: "false",
                """
                The balancer answers tcp's SYNs with cookies and asks the backend only for clients that bring theirs back, so that forged ones \
                take room nowhere. For dnat and snat over IPv4.
                """),
            FarmKey(
                "farm.limits.banTime", .seconds, default: "none",
                "How long a source is refused altogether once it was over a limit per source; without it only while it is over."),
        ])

    static let policies = FarmKey(
        "farm.policies", .list(.section, atMost: FarmLimits.policiesPerFarm), default: "none",
        "Whose packets are accepted or dropped. The first policy that holds the source decides; what none holds is accepted.",
        keys: [
            FarmKey("farm.policies.name", .text(.farmName), isRequired: true, "The policy's name, unique in its farm."),
            FarmKey(
                "farm.policies.action", .choice(Policy.Action.allCases.map { .word($0.rawValue) }), isRequired: true,
                "accept: no later policy is asked. drop: nothing answers."),
            FarmKey("farm.policies.sources", .list(.network, atMost: FarmLimits.sourcesPerPolicy), "Source addresses and networks."),
            FarmKey(
                "farm.policies.sourceFile", .text(.filePath),
                "A file of such addresses and networks, one a line, # begins a comment; relative to the folder of the farm file."),
            FarmKey("farm.policies.log", .rate, default: "none", "How many of the packets that the policy decides on are logged."),
        ])

    static let log = FarmKey(
        "farm.log", .section, default: "none", "What the kernel logs of the farm.",
        keys: [
            FarmKey(
                "farm.log.connections", .switchOrRate, default: "off",
                "New connections: off, on for all of them, or so many a unit of time."),
            FarmKey(
                "farm.log.prefix", .text(.logPrefix), default: "the farm's name and a space",
                "Begins each log line of the farm and of its policies."),
        ])

    private static func rateLimit(_ path: String, _ meaning: String) -> FarmKey {
        FarmKey(
            path, .shortOrSection(.rate), default: "none", meaning,
            keys: [
                FarmKey("\(path).rate", .rate, isRequired: true, "So many a unit of time."),
                FarmKey(
                    "\(path).burst", .integer(1...Rate.largest), default: "what comes in a second, at least 5",
                    "How many may come at once after a pause."),
            ])
    }
}
