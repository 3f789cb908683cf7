import FarmModel
import NetTypes
import Testing

@testable import FarmConfig

/// Limits, logging, marks, helpers and persistence.
@Suite struct TrafficTests {
    @Test func limits() throws {
        let text = """
            limits:
              newConnections: { rate: 20000/s, burst: 5000 }
              newConnectionsPerSource: 50/s
              connectionsPerSource: 200
              resetsPerSource: { rate: 30/m }
              tcpStrict: true
              synProxy: false
              banTime: 5m
            """
        #expect(
            try farm(minimal(text)).limits
                == Limits(
                    newConnections: Rate(20000, per: .second, burst: 5000), newConnectionsPerSource: Rate(50, per: .second, burst: 50),
                    connectionsPerSource: 200, resetsPerSource: Rate(30, per: .minute, burst: 5), tcpStrict: true, banTime: .seconds(300)))
        #expect(try farm(minimal("limits: {}")).limits.isEmpty)
    }

    @Test(arguments: [("1/s", 5), ("4/s", 5), ("6/s", 6), ("599/m", 9), ("3600000/h", 1000), ("1/d", 5), ("100000000/s", 100_000_000)])
    func aBurstIsWhatComesInASecond(text: String, burst: Int) throws {
        let rate = try #require(try farm(minimal("limits: { newConnections: \(text) }")).limits.newConnections)
        #expect(rate.burst == burst && rate.description == text)
    }

    @Test(arguments: [
        "0/s", "-1/s", "1.5/s", "20", "/s", "20/", "20/sec", "20/x", "20/s/s", "20 / s", "1/S", "100000001/s", "01/s", "ten/s",
    ])
    func ratesHaveAForm(text: String) {
        expectFaults(minimal("limits: { newConnections: ▲\(text), resetsPerSource: { rate: ▲\(text) } }"), .badRate, .badRate)
    }

    @Test func ratesNameTheRemedy() throws {
        for (text, hint) in [("20", "write \"20/s\" for a second"), ("20/sec", "write \"20/s\""), ("20/min", "write \"20/m\"")] {
            #expect(expectFaults(minimal("limits: { newConnections: ▲\(text) }"), .badRate)[0].hint == hint)
        }
    }

    @Test func limitsHaveBounds() {
        expectFaults(minimal("limits: { newConnections: { ▲burst: 5 } }"), .missingKey)
        expectFaults(minimal("limits: { newConnections: { rate: 5/s, burst: ▲0 } }"), .badNumber)
        expectFaults(minimal("limits: { newConnections: ▲[5/s], connectionsPerSource: ▲0 }"), .wrongType, .badNumber)
        expectFaults(minimal("limits: { resetsPerSource: 5/s, banTime: ▲500ms }"), .badDuration)
        expectFaults(minimal("limits: { resetsPerSource: 5/s, banTime: ▲0s }"), .badDuration)
        expectFaults(minimal("limits: ▲20/s"), .wrongType)
    }

    @Test func booleansAreTrueOrFalse() {
        expectFaults(minimal("limits: { tcpStrict: ▲yes }"), .yamlTrap)
        expectFaults(minimal("limits: { tcpStrict: ▲on, synProxy: ▲off }"), .yamlTrap, .yamlTrap)
        expectFaults(minimal("limits: { tcpStrict: ▲\"true\" }"), .wrongType)
        expectFaults(minimal("limits: { tcpStrict: ▲1 }"), .wrongType)
    }

    @Test func limitsWithoutEffectAreRefused() {
        expectFaults(minimal("limits: { banTime: ▲1m, newConnections: 5/s }"), .doesNotApply)
        let udp = minimal(
            "health: { type: none }\nlimits: { tcpStrict: ▲true, resetsPerSource: ▲5/s }", listen: "[203.0.113.10:53/udp]")
        expectFaults(udp, .doesNotApply, .doesNotApply)
        #expect(load(udp.replacing("▲", with: "").replacing("true, resetsPerSource: 5/s", with: "false")).faults.isEmpty)
    }

    @Test func logging() throws {
        #expect(try farm(minimal("")).log == nil)
        #expect(try farm(minimal("")).logPrefix == "web ")
        let off = try farm(minimal("log: { connections: off, prefix: \"lb: \" }"))
        #expect(off.log == nil && off.logPrefix == "lb: ")
        #expect(try farm(minimal("log: { connections: on }")).log == ConnectionLog())
        #expect(try farm(minimal("log: { connections: 10/m }")).log == ConnectionLog(rate: Rate(10, per: .minute)))
        expectFaults(minimal("log: { connections: ▲true }"), .badRate)
        expectFaults(minimal("log: { connections: ▲[on] }"), .wrongType)
        for prefix in ["a\\\"b", "a\\\\b", "$x", "é", "a\\nb", "", String(repeating: "x", count: 65)] {
            expectFaults(minimal("log: { prefix: ▲\"\(prefix)\" }"), .badText)
        }
    }

    @Test(arguments: [("1", 1), ("256", 256), ("0x100", 256), ("0xDEADbeef", 0xDEAD_BEEF), ("4294967295", UInt32.max), ("\"0x1\"", 1)])
    func marks(text: String, mark: UInt32) throws {
        #expect(try farm(minimal("mark: \(text)")).mark == mark)
        #expect(try farm(minimal("", backends: "[{ address: 10.0.0.1, mark: \(text) }]")).backends[0].mark == mark)
    }

    @Test(arguments: ["0", "0x0", "0x", "0x1_0", "0x123456789", "4294967296", "-1", "x", "0b1", "010", "1e3", "\"1\"", "0x+1"])
    func whatIsNoMark(text: String) {
        expectFaults(minimal("mark: ▲\(text)"), .badMark)
    }

    @Test(arguments: ConnectionHelper.allCases) func helpers(helper: ConnectionHelper) throws {
        let transport = try #require(helper.transports.first)
        let listen = "[203.0.113.10:5060/\(transport)]"
        let text = minimal("health: { type: none }\nhelper: ▲\(helper.rawValue)", listen: listen)
        #expect(try farm(text.replacing("▲", with: "")).helper == helper)
        if helper.transports.count == 1 {
            expectFaults(text.replacing("/\(transport)", with: transport == .tcp ? "/udp" : "/tcp"), .doesNotApply)
        }
        let ipv6 = text.replacing("[203.0.113.10:", with: "[\"[2001:db8::1]:").replacing("/\(transport)", with: "/\(transport)\"")
            .replacing("[10.0.1.11:80]", with: "[\"[fd00::1]\"]")
        if helper.families == [.ipv4] {
            expectFaults(ipv6, .doesNotApply)
        } else {
            #expect(try farm(ipv6.replacing("▲", with: "")).helper == helper)
        }
    }

    @Test func noHelper() throws {
        #expect(try farm(minimal("helper: none")).helper == nil)
    }

    @Test func persistence() throws {
        #expect(try farm(minimal("")).persistence == nil)
        #expect(try farm(minimal("persistence: {}")).persistence == Persistence(key: .address, timeout: .seconds(600)))
        let full = try farm(
            minimal(
                """
                persistence:
                  key: [destinationPort, sourceAddress]
                  timeout: 1h
                  sessions:
                    - { source: 192.0.2.8, backend: b }
                    - { source: 192.0.2.7, backend: a }
                """, backends: "[{ name: a, address: 10.0.0.1 }, { name: b, address: 10.0.0.2 }]"))
        let sessions = [
            StaticSession(source: IPAddress(v4: 0xC000_0207), backend: "a"),
            StaticSession(source: IPAddress(v4: 0xC000_0208), backend: "b"),
        ]
        let key = try #require(HashInputs([.sourceAddress, .destinationPort]))
        #expect(full.persistence == Persistence(key: key, timeout: .seconds(3600), sessions: sessions))
    }

    @Test func sessionsFitTheFarm() {
        func text(_ sessions: String) -> String {
            minimal(
                "persistence: { sessions: [\(sessions)] }",
                backends: "[{ name: web1, address: 10.0.0.1 }, { name: six, address: \"fd00::1\" }]")
        }
        let faults = expectFaults(text("{ source: 192.0.2.7, backend: ▲wbe1 }"), .noSuchBackend)
        #expect(faults[0].hint == "did you mean \"web1\"?")
        expectFaults(text("{ source: 192.0.2.7, backend: ▲six }"), .noSuchBackend)
        expectFaults(text("{ source: ▲\"2001:db8::7\", backend: six }"), .doesNotApply)
        let twice = expectFaults(text("{ source: 192.0.2.7, backend: web1 }, { backend: web1, source: ▲192.0.2.7 }"), .duplicateSession)
        #expect(twice[0].related.map(\.place.description) == ["farms.d/test.yaml:4:37"])
        expectFaults(text("{ source: ▲192.0.2.0/24, backend: web1 }, { ▲backend: web1 }"), .badAddress, .missingKey)
        expectFaults(text("{ source: ▲0.0.0.0, backend: web1 }"), .unusableAddress)
    }

    @Test func persistenceIsChecked() {
        expectFaults(minimal("persistence: { timeout: ▲1500ms }"), .badDuration)
        expectFaults(minimal("persistence: { key: [▲port] }"), .unknownWord)
        expectFaults(minimal("persistence: { key: ▲[destinationMac] }"), .doesNotApply)
        expectFaults(minimal("persistence: ▲10m"), .wrongType)
    }

    @Test func prefixesOfHashedAddresses() throws {
        let farm = try farm(minimal("hashPrefix: { ipv4: 24 }"))
        #expect(farm.scheduler.hashInputs?.prefixes == AddressPrefixes(ipv4: 24, ipv6: 128))
        expectFaults(minimal("hashPrefix: { ipv4: ▲0, ipv6: ▲129 }"), .badNumber, .badNumber)
    }
}
