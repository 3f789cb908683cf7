/// A farm file for the lab: backends b1 … bN of both families with fast checks, unless told otherwise.
struct FarmFile {
    var name = "web"
    var listen = ["{ address: 203.0.113.10, protocol: tcp, ports: 80 }", "{ address: \"2001:db8::10\", protocol: tcp, ports: 80 }"]
    var mode = "dnat"
    var scheduler = "maglev"
    var backends = Backends(1...3)
    var health = "{ type: tcp, port: 80, interval: 100ms, rise: 2, fall: 2 }"
    /// Further lines.
    var more: [String] = []

    /// Backends of the lab by number.
    struct Backends {
        var lines: [String]

        /// Of IPv4 `b1`, of IPv6 `b1v6`; without a port the client's is kept.
        init(_ numbers: some Sequence<Int>, port: Int? = 80, families: Set<Int> = [4, 6], _ more: (Int) -> String = { _ in "" }) {
            let port = port.map { ", port: \($0)" } ?? ""
            lines = numbers.flatMap { number in
                families.sorted().map { family in
                    let address = family == 4 ? "10.0.1.\(10 + number)" : "\"fd00:1::\(10 + number)\""
                    let rest = more(number)
                    return "{ name: b\(number)\(family == 4 ? "" : "v6"), address: \(address)\(port)\(rest.isEmpty ? "" : ", " + rest) }"
                }
            }
        }
    }

    var text: String {
        (["farm: \(name)", "listen:"] + listen.map { "  - \($0)" } + ["mode: \(mode)", "scheduler: \(scheduler)", "backends:"]
            + backends.lines.map { "  - \($0)" } + ["health: \(health)"] + more).joined(separator: "\n") + "\n"
    }
}
