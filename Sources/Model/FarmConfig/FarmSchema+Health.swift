extension FarmSchema {
    /// The keys of a health check; they stand under the farm and under each backend.
    static func health(_ path: String, _ meaning: String) -> FarmKey {
        FarmKey(
            path, .section, default: "a tcp probe every 2s", meaning,
            keys: probe(path) + timing(path) + http(path) + policy(path) + later(path))
    }

    private static let laterTypes = [
        "https", "tls", "udp", "icmp", "dns", "grpc", "redis", "postgres", "mysql", "smtp", "exec", "agent",
    ]

    private static func probe(_ path: String) -> [FarmKey] {
        [
            FarmKey(
                "\(path).type", .choice([.word("tcp"), .word("http"), .word("none")] + laterTypes.map { .later($0) }), default: "tcp",
                "tcp: a connection is accepted. http: a request is answered as expected. none: not probed, always healthy."),
            FarmKey("\(path).port", .port, default: "the backend's", "Where the probe goes."),
            FarmKey("\(path).address", .address, default: "the backend's", "Where the probe goes."),
            FarmKey(
                "\(path).via", .choice([.word("direct"), .later("vip")]), default: "direct",
                "Whether the probe goes through the farm's own rules."),
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

    private static func http(_ path: String) -> [FarmKey] {
        [
            FarmKey("\(path).method", .text(.method), default: "GET", "http: the request's method."),
            FarmKey("\(path).path", .text(.path), default: "/", "http: the request's path."),
            FarmKey("\(path).host", .text(.host), default: "the probed address and port", "http: the Host header."),
            FarmKey("\(path).expectStatus", .statusCodes, default: "200-399", "http: status codes of a healthy answer."),
            FarmKey("\(path).expectBody", .text(.body), "http: text that has to occur in the first 64 KiB of the body."),
        ]
    }

    private static func later(_ path: String) -> [FarmKey] {
        let meanings: [(String, String)] = [
            ("source", "The address that the probe comes from."), ("interface", "The device that the probe leaves by."),
            ("spread", "How starts are spread over the interval."), ("jitter", "Chance on top of the spread."),
            ("headers", "Further headers of the request."),
            ("reuse", "Whether connections are kept for the next probe."), ("send", "What is sent."),
            ("expect", "What has to be answered."),
            ("tls", "Verification of certificates."), ("command", "A program that probes."), ("user", "The user that runs it."),
            ("convention", "The meaning of its exit codes."), ("maxParallel", "How many run at a time."),
            ("agent", "An agent on the backend that sets weight and state."),
            ("checks", "Several checks at once."),
            ("require", "How many of them have to succeed."),
        ]
        return meanings.map { .later("\(path).\($0.0)", $0.1) }
    }
}
