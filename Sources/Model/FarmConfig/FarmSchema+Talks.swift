extension FarmSchema {
    /// What a probe says and what it expects, by type of check.
    static func talks(_ path: String) -> [FarmKey] { http(path) + bytes(path) + login(path) }

    private static func http(_ path: String) -> [FarmKey] {
        [
            FarmKey("\(path).method", .text(.method), default: "GET", "http, https: the request's method."),
            FarmKey("\(path).path", .text(.path), default: "/", "http, https: the request's path."),
            FarmKey(
                "\(path).host", .text(.host), default: "the probed address and port",
                "http, https: the Host header. grpc: the authority. smtp: the name in EHLO, [127.0.0.1] without one."),
            FarmKey(
                "\(path).headers", .list(.text(.header), atMost: TalkDecoder.mostHeaders),
                "http, https: further header lines of the request, each in quotes: \"Name: value\"."),
            FarmKey("\(path).expectStatus", .statusCodes, default: "200-399", "http, https: status codes of a healthy answer."),
            FarmKey("\(path).expectBody", .text(.body), "http, https: text that has to occur in the first 64 KiB of the body."),
            FarmKey(
                "\(path).expectPattern", .text(.pattern),
                """
                http, https: a regular expression that has to occur there. Matching takes a bounded time: no back-references, and at most 128 \
                characters and classes, counted as often as they are repeated.
                """),
            FarmKey(
                "\(path).degradedHeader", .text(.answerHeader),
                "http, https: a header line, \"Name: value\", by which a healthy answer says that something is wrong."),
        ]
    }

    private static func bytes(_ path: String) -> [FarmKey] {
        [
            FarmKey(
                "\(path).send", .text(.payload), default: "nothing; udp: an empty datagram",
                "tcp, udp: what is sent, as text or as bytes: \"hex:00 ff\"."),
            FarmKey(
                "\(path).expect", .text(.payload), default: "any answer; udp: no ICMP error until the timeout",
                """
                tcp, udp: what has to occur in the first 64 KiB of the answer, or in a datagram that comes back, as text or as bytes: \
                \"hex:00 ff\".
                """),
        ]
    }

    private static func login(_ path: String) -> [FarmKey] {
        [
            FarmKey(
                "\(path).login", .section, default: "no login: an answer is enough", "redis, postgres, mysql: who is asking.",
                keys: [
                    FarmKey(
                        "\(path).login.user", .text(.account),
                        "The user. postgres: has to be asked for a password, or let in. mysql: has to be let in without a password."),
                    FarmKey("\(path).login.password", .text(.account), "redis: the password."),
                    FarmKey("\(path).login.database", .text(.account), default: "the user's name", "postgres: the database."),
                ]),
            FarmKey("\(path).service", .text(.grpcService), default: "the whole server", "grpc: the service whose health is asked for."),
        ]
    }
}
