import FarmModel
import NetTypes

extension FarmSchema {
    /// What may be written today.
    static let farm = complete.refusing(unbuilt)

    /// A document, with all that is decoded. Keys that carry a default of `FarmModel` name it in words; a test holds the two together.
    static let complete = FarmKey(
        "farm", .section, "A document of a farm file: a virtual service with its listeners and backends.",
        keys: [
            FarmKey("farm.farm", .text(.farmName), isRequired: true, "The farm's name, unique among all farms."),
            FarmKey("farm.description", .text(.description), "What the farm is for; shown, never used."),
            listen,
            FarmKey(
                "farm.mode", .choice(["dnat", "snat", "dsr", "stateless", "local"].map { .word($0) }), default: "snat",
                """
                How a connection reaches its backend. snat: both addresses are translated, the backend sees the balancer. dnat: only the \
                destination is, the backend sees the client and answers through the balancer. dsr: only the destination MAC changes, the \
                backend holds the listener's address and answers the client itself. stateless: as dnat, packet by packet and without \
                conntrack. local: as dnat to addresses of the balancer itself, for its own connections, too.
                """),
            FarmKey(
                "farm.sourceAddress", .oneOrList(.address, atMost: AddressFamily.allCases.count), default: "masquerade",
                "snat: the address that backends see, at most one of each family; without one, that of the outgoing device."),
            FarmKey(
                "farm.scheduler",
                .choice(["maglev", "round-robin", "random", "hash", "symhash", "least-connections"].map { .word($0) }), default: "maglev",
                """
                What picks the backend of a new connection. maglev: a hash into a table that changes little when the set of backends does. \
                hash: the same hash into a table filled in turns. round-robin: one after the other. random: by chance. \
                symhash: the kernel's hash of both ends, the same in both directions, another after each boot. least-connections: \
                by chance, with shares that follow the number of open connections.
                """),
            FarmKey(
                "farm.hash", .list(.choice(HashInput.allCases.map { .word($0.rawValue) }), atMost: HashInput.allCases.count),
                default: "[sourceAddress, sourcePort]",
                """
                What hash and maglev look at. With sourceAddress alone, which is the default beside protocol all, a client stays on its backend. sourceMac is that of the last router, \
                destinationMac the balancer's own: they say something only of frames from the same Ethernet segment, and nothing of \
                packets that came in another way.
                """),
            FarmKey(
                "farm.hashPrefix", .section, default: "whole addresses", "How many leading bits of hashed addresses count.",
                keys: [
                    FarmKey("farm.hashPrefix.ipv4", .integer(1...32), default: "32", "Of IPv4 addresses."),
                    FarmKey("farm.hashPrefix.ipv6", .integer(1...128), default: "128", "Of IPv6 addresses."),
                ]),
            FarmKey(
                "farm.tableSize", .size(TableSize.classes), default: "auto",
                "Slots of the farm's table. More of them share more evenly and move fewer clients when backends change, and cost memory."),
            backends,
            health("farm.health", "How backends are probed."),
            FarmKey(
                "farm.quorum", .integer(1...FarmLimits.backendsPerFarm * 1000), default: "1",
                "Total weight of healthy backends below which the next tier of priority joins."),
            FarmKey(
                "farm.quorumHysteresis", .integer(0...FarmLimits.backendsPerFarm * 1000), default: "0",
                "Weight above the quorum that the lower tiers have to reach before a tier that has joined leaves again."),
            FarmKey(
                "farm.noBackend", .choice(NoBackendAction.allCases.map { .word($0.rawValue) }), default: "reject",
                "What a client gets when no backend is usable: a refusal, silence, or the packet goes on as if there were no farm."),
            FarmKey(
                "farm.helper", .choice([.word("none")] + ConnectionHelper.allCases.map { .word($0.rawValue) }), default: "none",
                "The conntrack helper for protocols that open further connections."),
            state("farm.state", "What the operator wants of the whole farm."),
            persistence, limits, policies, log,
            FarmKey(
                "farm.mark", .mark, default: "none", "Bits that are set in the packet mark of the farm's traffic; other bits are kept."),
            FarmKey(
                "farm.counters", .choice(Counting.allCases.map { .word($0.rawValue) }), default: "the daemon's setting",
                """
                What the kernel counts for each listener and backend. connections: those that were opened, at the price of a lookup each \
                (nothing in dsr and stateless). traffic: packets and bytes both ways, too, at the price of a lookup for every packet.
                """),
        ])

    static let listen = FarmKey(
        "farm.listen", .list(.shortOrSection(.listener), atMost: FarmLimits.listenersPerFarm), isRequired: true,
        "Where clients reach the farm. An address, protocol and port belongs to one farm only.",
        keys: [
            FarmKey("farm.listen.address", .address, isRequired: true, "The virtual address."),
            FarmKey(
                "farm.listen.protocol", .choice([.word("tcp"), .word("udp"), .word("sctp"), .word("all")]), default: "tcp",
                "The transport protocol; all: whatever comes for the address and for no other listener, by the address alone."),
            FarmKey(
                "farm.listen.ports", .ports,
                "The ports; a range is kept as it is unless the backend has a port. Required, but for protocol all, which has none."),
        ])

    static let backends = FarmKey(
        "farm.backends", .list(.shortOrSection(.backend), atMost: FarmLimits.backendsPerFarm), isRequired: true,
        "The servers. A listener uses those of its own address family.",
        keys: [
            FarmKey("farm.backends.name", .text(.backendName), default: "the address and port", "The backend's name, unique in its farm."),
            FarmKey("farm.backends.address", .address, isRequired: true, "The server's address."),
            FarmKey(
                "farm.backends.port", .portOrRange, default: "the client's",
                "Where connections go: one port, or a range as wide as the listener's. Without it the port is kept."),
            FarmKey("farm.backends.weight", .integer(0...1000), default: "1", "The share of new connections; 0 takes none."),
            FarmKey(
                "farm.backends.priority", .integer(1...100), default: "1",
                "The tier: 1 serves first, higher ones join when the lower have lost their quorum."),
            FarmKey("farm.backends.sourceAddress", .address, default: "the farm's", "snat: the address that this backend sees."),
            health("farm.backends.health", "Replaces keys of the farm's health for this backend."),
            state("farm.backends.state", "What the operator wants of the backend."),
            FarmKey(
                "farm.backends.connectionLimit", .integer(1...100_000_000), default: "none",
                "Connections at a time; those above it are refused. Needs conntrack."),
            FarmKey("farm.backends.mark", .mark, default: "none", "Bits that are set in the packet mark, besides the farm's."),
        ])

    private static func state(_ path: String, _ meaning: String) -> FarmKey {
        FarmKey(
            path, .choice(AdminState.allCases.map { .word($0.rawValue) }), default: "ready",
            "\(meaning) drain: no new connections. maintenance: the same, and says so.")
    }
}
