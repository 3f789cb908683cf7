import FarmModel

extension FarmSchema {
    /// The keys of a health check; they stand under the farm and under each backend.
    static func health(_ path: String, _ meaning: String) -> FarmKey {
        FarmKey(
            path, .section, default: "a tcp probe every 2s", meaning,
            keys: probe(path) + via(path) + timing(path) + talks(path) + transports(path) + several(path) + policy(path))
    }

    private static let types = [
        "tcp", "http", "https", "tls", "udp", "icmp", "dns", "redis", "postgres", "mysql", "smtp", "grpc", "exec", "none",
    ]
    private static let laterTypes = ["agent"]

    private static func probe(_ path: String) -> [FarmKey] {
        [
            FarmKey(
                "\(path).type", .choice(types.map { .word($0) } + laterTypes.map { .later($0) }), default: "tcp",
                """
                tcp: a connection is accepted, and answers as expected if something is. http: a request is answered as expected. https, tls: \
                the same within TLS. udp: a datagram is answered, or not refused. icmp: an echo is answered. dns: a query is answered. \
                redis, postgres, mysql, smtp, grpc: the server greets and answers in its protocol. exec: a program says so. none: not \
                probed, always healthy.
                """),
            FarmKey("\(path).port", .port, default: "the backend's", "Where the probe goes."),
            FarmKey("\(path).address", .address, default: "the backend's", "Where the probe goes."),
        ]
    }

    private static func via(_ path: String) -> [FarmKey] {
        [
            FarmKey(
                "\(path).via", .choice(ProbeVia.allCases.map { .word($0.rawValue) }), default: "direct",
                """
                direct: the probe goes to the backend's own address. vip: it goes to the listener, through the farm's own rules, so that \
                these are tested too, and in dsr that the backend answers for the listener's address.
                """)
        ]
    }

    private static func timing(_ path: String) -> [FarmKey] {
        [
            FarmKey("\(path).interval", .duration, default: "2s", "From the start of a probe to the start of the next."),
            FarmKey("\(path).fastInterval", .duration, default: "interval", "Instead of interval while rising or falling."),
            FarmKey("\(path).downInterval", .duration, default: "interval", "Instead of interval while down."),
            FarmKey("\(path).timeout", .duration, default: "the smaller of interval and 1s", "For the whole probe."),
            FarmKey(
                "\(path).rise", .integer(1...100), default: "2",
                "Consecutive successes that bring a backend up; at the start one is enough."),
            FarmKey("\(path).fall", .integer(1...100), default: "3", "Consecutive failures that take a backend down."),
        ]
    }

    private static func several(_ path: String) -> [FarmKey] {
        let checks = "\(path).checks"
        return [
            FarmKey(
                checks, .list(.section, atMost: CheckDecoder.mostChecks),
                "Several checks instead of one type; each takes over what is said beside them of place and timing.",
                keys: probe(checks) + timing(checks) + talks(checks) + transports(checks)),
            FarmKey(
                "\(path).require", .requirement(atMost: CheckDecoder.mostChecks), default: "all", "How many of the checks have to succeed."),
            agent("\(path).agent"),
        ]
    }

    private static func agent(_ path: String) -> FarmKey {
        FarmKey(
            path, .section,
            """
            An agent on the backend that is asked beside the checks and answers in HAProxy's words: 75%, weight:N, maxconn:N, up, \
            down, fail or stopped with #reason, ready, drain, maint. No answer changes nothing.
            """,
            keys: [
                FarmKey("\(path).port", .port, isRequired: true, "Where it listens, at the address that is probed."),
                FarmKey("\(path).interval", .duration, default: "2s", "From the start of a question to the start of the next."),
                FarmKey("\(path).send", .text(.payload), default: "nothing", "What is sent to it, as text or as bytes: \"hex:00 ff\"."),
            ])
    }
}
