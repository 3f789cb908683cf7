extension FarmSchema {
    /// What follows from verdicts. The keys of the farm as a whole stand under its own `health` alone.
    static func policy(_ path: String) -> [FarmKey] {
        let ofBackends = [
            FarmKey(
                "\(path).initialState", .choice(["lastKnown", "up", "down"].map { .word($0) }), default: "lastKnown",
                "The verdict before the first answer. lastKnown: that of a minute ago at most, from before a restart of the daemon."),
            FarmKey(
                "\(path).onDown", .choice(["remove", "drain", "reset"].map { .word($0) }), default: "remove",
                """
                What happens to the connections of a backend that goes down. remove: those that are half open, and udp, are balanced anew. \
                drain: none is touched. reset: all are forgotten, and both ends learn it with their next packet.
                """),
            FarmKey(
                "\(path).slowStart", .duration, default: "none",
                "Time in which the weight of a backend grows that comes back after it was down, in ten steps."),
            dampening(path),
        ]
        return path == "farm.health" ? ofBackends + ofFarm(path) : ofBackends
    }

    private static func dampening(_ path: String) -> FarmKey {
        FarmKey(
            "\(path).dampening", .section, default: "none",
            "A backend that goes down again soon after its return is held down when it comes back, longer each time.",
            keys: [
                FarmKey("\(path).dampening.hold", .duration, default: "10s", "After the first relapse; twice as long after each further."),
                FarmKey("\(path).dampening.limit", .duration, default: "5m", "The longest time that it is held down."),
                FarmKey("\(path).dampening.calm", .duration, default: "1m", "Up for so long it counts as sound again."),
            ])
    }

    private static func ofFarm(_ path: String) -> [FarmKey] {
        [
            FarmKey(
                "\(path).panicThreshold", .percent(0...100), default: "50%",
                "Share of healthy backends below which all are used, as long as one is healthy; 0 turns it off."),
            FarmKey(
                "\(path).passive", .section, default: "none",
                "Backends that refuse or do not answer real connections are ejected for a while, whatever their probes say. Needs conntrack.",
                keys: [
                    FarmKey("\(path).passive.failures", .integer(1...1_000_000), default: "5", "Connections that failed within window."),
                    FarmKey("\(path).passive.window", .duration, default: "10s", "The time in which they are counted."),
                    FarmKey(
                        "\(path).passive.ejectTime", .duration, default: "30s",
                        "How long a backend is out; so much longer each time again, up to ten times as long."),
                    FarmKey(
                        "\(path).passive.maxEject", .percent(1...100), default: "10%",
                        "Share of the farm's backends that may be ejected at a time; one always may, the last healthy one never."),
                ]),
        ]
    }
}
