import NetTypes
import Seams
import TestNamespaces
import Testing

@testable import KernelEvents

/// What the kernel says of its table, of entries that the `conntrack` program puts there.
@Suite struct ConntrackMeterTests {
    @Test func entriesAndTheirLimitAreThoseOfTheNamespace() throws {
        let namespace = try Namespace()
        let meter = try namespace.inside { try ConntrackMeter() }
        #expect(try meter.statistics().entries == 0)
        for port in 1...3 {
            try namespace.run("conntrack -I -p udp -s 192.0.2.1 -d 192.0.2.80 --sport \(port) --dport 80 -t 300 --dst-nat 10.1.0.1:8080")
        }
        let statistics = try meter.statistics()
        #expect(statistics.entries == 3)
        let limit = try namespace.run("cat /proc/sys/net/netfilter/nf_conntrack_max").split(separator: "\n").first.flatMap { Int($0) }
        #expect(statistics.limit == limit)
        #expect(statistics.drops == 0 && statistics.insertFailures == 0)
    }

    @Test func portsInUseAreCountedForEachSourceAndBackend() throws {
        let namespace = try Namespace()
        let meter = try namespace.inside { try ConntrackMeter() }
        func add(_ port: Int, _ backend: String, _ source: String?) throws {
            let translated = source.map { "--src-nat \($0):\(20_000 + port)" } ?? ""
            try namespace.run(
                "conntrack -I -p udp -s 192.0.2.1 -d 192.0.2.80 --sport \(port) --dport 80 -t 300 --dst-nat \(backend) \(translated)")
        }
        for port in 1...3 { try add(port, "10.1.0.1:8080", "10.1.0.254") }
        try add(4, "10.1.0.1:8080", "10.1.0.253")
        try add(5, "10.1.0.2:8080", "10.1.0.254")
        try add(6, "10.1.0.1:8080", nil)
        func user(_ source: String, _ backend: String) throws -> SourcePortUser {
            SourcePortUser(source: try #require(IPAddress(source)), backend: try #require(Endpoint(backend)), transport: .udp)
        }
        #expect(
            try meter.sourcePorts() == [
                try user("10.1.0.254", "10.1.0.1:8080"): 3, try user("10.1.0.253", "10.1.0.1:8080"): 1,
                try user("10.1.0.254", "10.1.0.2:8080"): 1,
            ])
    }
}
