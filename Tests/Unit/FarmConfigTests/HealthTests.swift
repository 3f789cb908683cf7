import FarmConfig
import FarmModel
import NetTypes
import Testing

@Suite struct HealthTests {
    @Test func allKeys() throws {
        let health = try farm(
            minimal(
                """
                health:
                  type: http
                  port: 8081
                  address: 10.0.1.99
                  via: direct
                  onDown: remove
                  method: POST
                  path: /up?x=1
                  host: app.example:80
                  expectStatus: [204, 200, "300-399"]
                  expectBody: "on"
                  interval: 10m
                  fastInterval: 100ms
                  downInterval: 1h
                  timeout: 3s
                  rise: 1
                  fall: 7
                """)
        ).health
        let http = HTTPCheck(
            method: "POST", path: "/up?x=1", host: "app.example:80", expectStatus: [200...200, 204...204, 300...399], expectBody: "on")
        #expect(
            health
                == HealthCheck(
                    kind: .http(http), address: IPAddress(v4: 0x0A00_0163), port: 8081, interval: .seconds(600),
                    fastInterval: .milliseconds(100),
                    downInterval: .seconds(3600), timeout: .seconds(3), rise: 1, fall: 7))
    }

    @Test(arguments: [("200-399", 200...399), ("200", 200...200), ("\"204\"", 204...204)])
    func statusCodes(text: String, range: ClosedRange<Int>) throws {
        let health = try farm(minimal("health: { type: http, expectStatus: \(text) }")).health
        #expect(health.kind == .http(HTTPCheck(expectStatus: [range])))
    }

    @Test func timeoutFollowsAShortInterval() throws {
        let health = try farm(minimal("health: { interval: 100ms }")).health
        #expect(
            health.timeout == .milliseconds(100) && health.fastInterval == .milliseconds(100) && health.downInterval == .milliseconds(100))
    }

    @Test func aBackendReplacesSingleKeys() throws {
        let text = minimal(
            "health: { type: http, path: /a, interval: 5s, fall: 9 }",
            backends:
                "[10.0.1.1, { address: 10.0.1.2, health: { path: /b, interval: 500ms } }, { address: 10.0.1.3, health: { type: tcp } }]")
        let backends = try farm(text).backends
        #expect(backends[0].health == nil)
        #expect(backends[1].health == HealthCheck(kind: .http(HTTPCheck(path: "/b")), interval: .milliseconds(500), fall: 9))
        #expect(backends[2].health == HealthCheck(kind: .tcp, interval: .seconds(5), fall: 9))
    }

    @Test func durationsHaveUnitsAndBounds() {
        expectFaults(minimal("health: { interval: ▲2 }"), .badDuration)
        expectFaults(minimal("health: { interval: ▲0.5s }"), .badDuration)
        expectFaults(minimal("health: { timeout: ▲0s }"), .badDuration)
        expectFaults(minimal("health: { timeout: ▲25h }"), .badDuration)
        expectFaults(minimal("health: { timeout: ▲99999999999999999999s }"), .badDuration)
        expectFaults(minimal("health: { timeout: ▲-1s }"), .badDuration)
        expectFaults(minimal("health: { timeout: ▲1d }"), .badDuration)
        expectFaults(minimal("health: { timeout: ▲10:30 }"), .yamlTrap)
    }

    @Test func keysWithoutEffectAreRefused() {
        expectFaults(minimal("health: { ▲path: /x }".replacing("▲path: ", with: "path: ▲")), .doesNotApply)
        expectFaults(minimal("health: { type: none, interval: ▲2s }"), .doesNotApply)
        expectFaults(
            minimal("health: { type: http }", backends: "[{ address: 10.0.0.1, health: { type: tcp, path: ▲/x } }]"), .doesNotApply)
    }

    @Test func aBodyIsNotExpectedOfHEAD() {
        expectFaults(minimal("health: { type: http, method: HEAD, expectBody: ▲ok }"), .doesNotApply)
        expectFaults(
            minimal("health: { type: http, expectBody: ok }", backends: "[{ address: 10.0.0.1, health: { method: ▲HEAD } }]"), .doesNotApply
        )
        #expect(load(minimal("health: { type: http, method: HEAD }")).faults.isEmpty)
    }

    /// The default probe is tcp to the port that is balanced.
    @Test func whereOnlyUDPIsBalancedTheProbeIsNamed() {
        let listen = "[203.0.113.10:53/udp]"
        func text(_ health: String, listen: String = "▲[203.0.113.10:53/udp]", backends: String = "[10.0.1.11:53]") -> String {
            minimal(health, listen: listen, backends: backends)
        }
        let faults = expectFaults(text(""), .doesNotApply)
        #expect(faults[0].hint == "say what is probed: health: { type: udp }, { type: none }, { port: 8080 } or { type: tcp }")
        expectFaults(text("health: ▲{ interval: 1s }", listen: listen), .doesNotApply)
        let mixed = "▲[203.0.113.10:53, \"[2001:db8::10]:53/udp\"]"
        expectFaults(text("", listen: mixed, backends: "[10.0.1.11, \"[fd00::1]\"]"), .doesNotApply)
        for health in ["{ type: none }", "{ port: 8080 }", "{ type: tcp }", "{ type: http }"] {
            #expect(load(text("health: \(health)", listen: listen)).faults.isEmpty, "\(health)")
            #expect(load(text("", listen: listen, backends: "[{ address: 10.0.1.11, health: \(health) }]")).faults.isEmpty, "\(health)")
        }
        #expect(load(text("", listen: "[203.0.113.10:53/udp, 203.0.113.10:53/tcp]")).faults.isEmpty)
    }

    @Test func valuesAreChecked() {
        expectFaults(minimal("health: { type: http, path: ▲healthz }"), .badText)
        expectFaults(minimal("health: { type: http, host: ▲\"a b\" }"), .badText)
        expectFaults(minimal("health: { type: http, host: ▲\"a\\r\\nX: y\" }"), .badText)
        expectFaults(minimal("health: { type: http, method: ▲get }"), .badText)
        expectFaults(minimal("health: { type: http, expectStatus: ▲99 }"), .badNumber)
        expectFaults(minimal("health: { type: http, expectStatus: [200, ▲600] }"), .badNumber)
        expectFaults(minimal("health: { type: http, expectStatus: ▲399-200 }"), .badNumber)
        expectFaults(minimal("health: { rise: ▲0, fall: ▲101, port: ▲70000 }"), .badNumber, .badNumber, .badNumber)
        expectFaults(minimal("health: ▲tcp"), .wrongType)
    }
}
