import FarmModel

extension FarmSchema {
    /// How a probe travels, and what name servers and programs are asked.
    static func transports(_ path: String) -> [FarmKey] { ways(path) + [tls(path)] + dns(path) + exec(path) }

    private static func ways(_ path: String) -> [FarmKey] {
        [
            FarmKey("\(path).source", .address, default: "chosen by routing", "The address of this host that the probe comes from."),
            FarmKey("\(path).interface", .text(.device), default: "chosen by routing", "The device that the probe leaves by."),
            FarmKey("\(path).spread", .choice([.word("slot")]), default: "slot", "slot: starts are spread evenly over the interval."),
            FarmKey("\(path).jitter", .text(.jitter), default: "0%", "By how much chance delays each start: per cent of the interval."),
            FarmKey(
                "\(path).reuse", .boolean, default: "true",
                "http, https: whether the connection is kept for the next probe, as long as the server likes."),
        ]
    }

    private static func tls(_ path: String) -> FarmKey {
        FarmKey(
            "\(path).tls", .section, default: "a valid certificate for host or the address", "https, tls: what the certificate has to be.",
            keys: [
                FarmKey(
                    "\(path).tls.verify", .boolean, default: "true",
                    "Whether it has to be valid: of a known CA, in time, and for this name."),
                FarmKey(
                    "\(path).tls.serverName", .text(.serverName), default: "host, or the probed address",
                    "The name or address that it has to be for; a name is also asked for (SNI)."),
                FarmKey("\(path).tls.ca", .text(.absolutePath), default: "the system's", "A file of trusted certificates (PEM)."),
                FarmKey(
                    "\(path).tls.daysLeft", .integer(0...3650), default: "14",
                    "Days before the certificate's end from which the backend counts as degraded."),
            ])
    }

    private static func dns(_ path: String) -> [FarmKey] {
        [
            FarmKey("\(path).query", .text(.domainName), "dns: the name that is asked for. Required there."),
            FarmKey(
                "\(path).queryType", .choice(DNSCheck.RecordType.allCases.map { .word($0.name) }), default: "A",
                "dns: the type of record that is asked for."),
            FarmKey(
                "\(path).expectRcode", .choice(DNSCheck.ResponseCode.allCases.map { .word($0.name) }), default: "NOERROR",
                "dns: the response code of a healthy answer."),
            FarmKey(
                "\(path).expectAnswer", .text(.record), default: "any answer, even an empty one",
                "dns: a record that has to be there, as a zone file writes it: 192.0.2.1, mail.example, \"10 mail.example\"."),
            FarmKey("\(path).protocol", .choice([.word("udp"), .word("tcp")]), default: "udp", "dns: how the query travels."),
        ]
    }

    private static func exec(_ path: String) -> [FarmKey] {
        [
            FarmKey(
                "\(path).command", .oneOrList(.text(.argument), atMost: TransportDecoder.mostArguments),
                """
                exec: the program's absolute path and its arguments; {address} and {port} stand for what is probed. Run without a shell. \
                Required there.
                """),
            FarmKey("\(path).user", .text(.userName), default: "nobody", "exec: the local user that runs it."),
            FarmKey(
                "\(path).convention", .choice(ExecCheck.Convention.allCases.map { .word($0.rawValue) }), default: "nagios",
                """
                exec: what exit codes mean. nagios: 0 ok, 1 warning, 2 critical, others unknown. keepalived: 0 ok, 1 failed, 2 to 255 the \
                weight plus two.
                """),
            FarmKey("\(path).maxParallel", .integer(1...1024), default: "16", "exec: programs that may run at a time."),
        ]
    }
}
