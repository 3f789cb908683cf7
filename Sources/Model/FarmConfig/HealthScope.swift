/// Which types of check a key of `health` says something of.
enum HealthScope {
    /// Whatever is probed at all.
    static let everything = [
        "tcp", "http", "https", "tls", "udp", "icmp", "dns", "redis", "postgres", "mysql", "smtp", "grpc", "exec", several,
    ]
    /// Stands for `checks`.
    static let several = "checks"
    private static let http = ["http", "https"]

    static let types: [(key: String, types: [String])] = places + talks + transports

    private static let places: [(key: String, types: [String])] =
        ["address", "interval", "fastInterval", "downInterval", "timeout", "rise", "fall", "spread", "jitter"]
        .map { ($0, everything) }
        + PolicySettings.ofVerdicts.map { ($0, everything) }
        + [("via", everything.filter { !["icmp", "exec"].contains($0) })]
        + ["source", "interface"].map { ($0, everything.filter { $0 != "exec" }) } + [("port", everything.filter { $0 != "icmp" })]

    private static let talks: [(key: String, types: [String])] =
        ["method", "path", "headers", "expectStatus", "expectBody", "expectPattern", "degradedHeader"].map { ($0, http) }
        + [
            ("host", http + ["smtp", "grpc"]), ("send", ["tcp", "udp"]), ("expect", ["tcp", "udp"]),
            ("login", ["redis", "postgres", "mysql"]), ("service", ["grpc"]),
        ]

    private static let transports: [(key: String, types: [String])] =
        [("reuse", http), ("tls", ["https", "tls"])]
        + ["query", "queryType", "expectRcode", "expectAnswer", "protocol"].map { ($0, ["dns"]) }
        + ["command", "user", "convention", "maxParallel"].map { ($0, ["exec"]) }
}
