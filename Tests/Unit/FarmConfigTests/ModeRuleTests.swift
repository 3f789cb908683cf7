import FarmModel
import Testing

@testable import FarmConfig

/// What modes cannot do, and what stateless replies can belong to.
@Suite struct ModeRuleTests {
    @Test(arguments: ["dsr", "stateless"]) func withoutConntrackThereIsNoMemory(mode: String) {
        let lines = """
            mode: \(mode)
            helper: ▲ftp
            persistence: ▲{}
            limits: { connectionsPerSource: ▲5 }
            """
        let faults = expectFaults(
            minimal(lines, backends: "[{ address: 10.0.0.1, connectionLimit: ▲5 }]"), .doesNotApply, .doesNotApply, .doesNotApply,
            .doesNotApply)
        #expect(faults.allSatisfy { $0.message.hasPrefix("mode \(mode) has no conntrack to ") })
    }

    @Test(arguments: ["dsr", "stateless"]) func marksOfBackendsNeedATranslation(mode: String) {
        expectFaults(minimal("mode: \(mode)\nmark: 0x1", backends: "[{ address: 10.0.0.1, mark: ▲0x2 }]"), .doesNotApply)
    }

    @Test(arguments: ["dsr", "stateless"]) func aSchedulerRepeatsItself(mode: String) {
        for scheduler in ["random", "round-robin", "least-connections"] {
            expectFaults(minimal("mode: \(mode)\nscheduler: ▲\(scheduler)"), .doesNotApply)
        }
        for scheduler in ["maglev", "hash", "symhash"] {
            #expect(load(minimal("mode: \(mode)\nscheduler: \(scheduler)")).faults.isEmpty)
        }
        let udp = minimal(
            "mode: \(mode)\nscheduler: random\nhealth: { type: none }", listen: "[203.0.113.10:53/udp]", backends: "[10.0.0.1]")
        #expect(load(udp).faults.isEmpty)
    }

    @Test func localBackendsAreTheBalancersOwn() {
        let faults = expectFaults(
            minimal("mode: local", backends: "[▲127.0.0.1:8080, { address: ▲\"::1\" }]"), .unusableAddress, .unusableAddress)
        #expect(faults.allSatisfy { $0.hint == "name the address of one of the balancer's devices" })
        expectFaults(minimal("mode: local", backends: "[10.0.0.1, ▲\"[fd00::1]\"]"), .doesNotApply)
        expectFaults(minimal("mode: local\nhash: ▲[sourceAddress, sourceMac]"), .doesNotApply)
        expectFaults(minimal("mode: local\nsourceAddress: ▲10.0.0.1"), .doesNotApply)
        #expect(load(minimal("mode: local\nhelper: ftp\npersistence: {}", backends: "[203.0.113.10:8080]")).faults.isEmpty)
    }

    @Test func aRangeKeepsItsWayBack() {
        let listen = "[203.0.113.10:1000-1009]"
        expectFaults(minimal("mode: stateless", listen: listen, backends: "[▲10.0.0.1:80]"), .portsDoNotFit)
        for port in ["", ":1000-1009", ":2000-2009"] {
            #expect(load(minimal("mode: stateless", listen: listen, backends: "[10.0.0.1\(port)]")).faults.isEmpty)
        }
    }

    @Test func repliesOfOneFarmHaveOneListener() {
        let faults = expectFaults(
            minimal("mode: stateless", listen: "[203.0.113.10:80, ▲203.0.113.11:80]", backends: "[10.0.0.1, 10.0.0.2]"), .repliesClash)
        #expect(faults[0].related.map(\.place.description) == ["farms.d/test.yaml:2:10"])
        expectFaults(minimal("mode: stateless", listen: "[203.0.113.10:80, ▲203.0.113.10:443]", backends: "[10.0.0.1:8080]"), .repliesClash)
        expectFaults(
            minimal("mode: stateless", listen: "[203.0.113.10:80-90, ▲203.0.113.11:85]", backends: "[10.0.0.1]"), .repliesClash)
        #expect(
            load(minimal("mode: stateless", listen: "[203.0.113.10:53, 203.0.113.10:53/udp, 203.0.113.11:54]", backends: "[10.0.0.1]"))
                .faults.isEmpty)
    }

    private func file(_ name: String, _ mode: String, _ listen: String, _ backends: String) -> FarmFile {
        FarmFile(path: "\(name).yaml", text: Array("farm: \(name)\nmode: \(mode)\nlisten: [\(listen)]\nbackends: [\(backends)]\n".utf8))
    }

    private func faults(_ files: FarmFile...) -> [String] {
        FarmConfig.load(files, schema: FarmSchema.complete).faults.map { "\($0.code.rawValue) \($0.place) \($0.related.map(\.place))" }
    }

    @Test func repliesBelongToOneStatelessFarm() {
        #expect(
            faults(
                file("a", "stateless", "203.0.113.10:80", "10.0.0.1:8080, 10.0.0.2:8080"),
                file("b", "stateless", "203.0.113.11:80", "10.0.0.3:8080, 10.0.0.1:8080"),
                file("c", "stateless", "203.0.113.12:80", "10.0.0.1:8081")) == ["E046 b.yaml:4:27 [a.yaml:4:12]"])
    }

    @Test func repliesThatAreTrackedBelongToNoStatelessFarm() {
        let bare = file("bare", "stateless", "203.0.113.10:80", "10.0.0.1:8080")
        for mode in ["dnat", "snat", "local"] {
            #expect(faults(file("a", mode, "203.0.113.11:80", "10.0.0.1:8080"), bare) == ["E046 bare.yaml:4:12 [a.yaml:1:7]"], "\(mode)")
        }
        #expect(faults(file("a", "dnat", "203.0.113.11:80", "10.0.0.1:8081"), bare) == [])
        #expect(faults(file("a", "dsr", "203.0.113.11:8080", "10.0.0.1"), bare) == [])
    }
}
