import FarmConfig
import FarmModel
import NetTypes
import Testing

@Suite struct ProbeKindTests {
    private func kind(_ health: String) throws -> HealthCheck.Kind { try farm(minimal("health: { \(health) }")).health.kind }

    @Test func bytesAreTextOrHexadecimal() throws {
        #expect(
            try kind("send: \"PING\\r\\n\", expect: +PONG") == .talk(SendExpect(send: Array("PING\r\n".utf8), expect: Array("+PONG".utf8))))
        #expect(try kind("type: tcp, send: 'hex:00 fF 7f', expect: 'hex:0a'") == .talk(SendExpect(send: [0, 255, 127], expect: [10])))
        #expect(try kind("expect: SSH-2.0") == .talk(SendExpect(expect: Array("SSH-2.0".utf8))))
        #expect(try kind("type: tcp") == .tcp)
        for odd in ["hex:", "hex:0", "hex:0g", "hex:00,01"] { expectFaults(minimal("health: { send: ▲'\(odd)' }"), .badText) }
    }

    @Test func everyTypeHasItsKeys() throws {
        #expect(try kind("type: redis") == .redis(Login()))
        #expect(try kind("type: redis, login: { user: u, password: p }") == .redis(Login(user: "u", password: "p")))
        #expect(try kind("type: postgres, login: { user: u, database: d }") == .postgres(Login(user: "u", database: "d")))
        #expect(try kind("type: mysql, login: { user: u }") == .mysql(Login(user: "u")))
        #expect(try kind("type: smtp, host: lb.example") == .smtp(SMTPCheck(host: "lb.example")))
        #expect(try kind("type: grpc, service: shop.v1, host: shop") == .grpc(GRPCCheck(service: "shop.v1", host: "shop")))
    }

    @Test func requestAndAnswerOfHTTP() throws {
        let text = """
            type: http, headers: ["X-Probe: zvnft", "Accept-Language:de "], expectPattern: '^\\d+$', degradedHeader: "X-Health: degraded"
            """
        var check = HTTPCheck()
        check.headers = ["X-Probe: zvnft", "Accept-Language: de"].compactMap(HTTPHeader.init)
        check.expectPattern = try BytePattern("^\\d+$")
        check.degradedHeader = HTTPHeader("X-Health: degraded")
        #expect(try kind(text) == .http(check) && check.headers.count == 2)
    }

    @Test func whatCannotBeIsRefused() {
        expectFaults(minimal("health: { type: http, expectPattern: ▲'(a' }"), .badPattern)
        expectFaults(minimal("health: { type: http, method: HEAD, expectPattern: ▲a }"), .doesNotApply)
        expectFaults(minimal("health: { type: http, headers: [▲\"Host: x\"] }"), .badText)
        expectFaults(minimal("health: { type: http, headers: [▲\"no colon\"] }"), .badText)
        expectFaults(minimal("health: { type: http, headers: [▲\"A: b\\r\\nC: d\"] }"), .badText)
        expectFaults(minimal("health: { type: http, headers: [▲{ A: b }] }"), .wrongType)
        expectFaults(minimal("health: { type: http, degradedHeader: ▲X-Health }"), .badText)
        expectFaults(minimal("health: { type: redis, send: ▲x }"), .doesNotApply)
        expectFaults(minimal("health: { type: smtp, service: ▲x }"), .doesNotApply)
        expectFaults(minimal("health: { type: tcp, login: ▲{ user: u } }"), .doesNotApply)
        expectFaults(minimal("health: { type: postgres, login: { password: ▲p } }"), .doesNotApply)
        expectFaults(minimal("health: { type: mysql, login: { database: ▲p } }"), .doesNotApply)
        expectFaults(minimal("health: { type: redis, login: { ▲user: p } }"), .missingKey)
    }

    /// What a farm says of one type does not get into the way of a backend with another.
    @Test func aBackendMayBeOfAnotherType() throws {
        let text = minimal(
            "health: { type: postgres, login: { user: u, database: d }, interval: 5s }",
            backends: "[10.0.1.1, { address: 10.0.1.2, health: { type: redis } }]")
        #expect(try farm(text).backends[1].health?.kind == .redis(Login(user: "u", database: "d")))
    }

    @Test func severalChecksTakeOverPlaceAndTiming() throws {
        let health = try farm(
            minimal("health: { interval: 500ms, port: 81, checks: [{ type: tcp }, { type: http, port: 82, fall: 7 }], require: any }")
        ).health
        let parts = [
            HealthCheck(kind: .tcp, port: 81, interval: .milliseconds(500)),
            HealthCheck(kind: .http(HTTPCheck()), port: 82, interval: .milliseconds(500), fall: 7),
        ]
        #expect(health.kind == .group(CheckGroup(checks: parts, require: .any)))
        #expect(
            try kind("checks: [{ type: redis }], require: 1")
                == .group(CheckGroup(checks: [HealthCheck(kind: .redis(Login()))], require: .atLeast(1))))
    }

    @Test func checksOfAGroupTravelAsTheyLike() throws {
        let text = """
            health: { source: 10.0.0.9, jitter: 5%, checks: [{ type: udp, send: a }, { type: icmp, source: 10.0.0.8 }, \
            { type: https, tls: { daysLeft: 3 } }, { type: dns, query: a, protocol: tcp }] }
            """
        guard case .group(let group) = try farm(minimal(text)).health.kind else { return #expect(Bool(false), "several checks") }
        #expect(group.checks.map(\.typeName) == ["udp", "icmp", "https", "dns"])
        #expect(group.checks.map(\.way.source?.description) == ["10.0.0.9", "10.0.0.8", "10.0.0.9", "10.0.0.9"])
        #expect(group.checks.allSatisfy { $0.way.jitter == 5 } && group.checks[2].way.tls == TLSCheck(daysLeft: 3))
        #expect(group.checks.map(\.kind.carrier) == [.udp, nil, .tcp, .tcp])
        expectFaults(minimal("health: { checks: [{ ▲type: dns }] }"), .missingKey)
        expectFaults(minimal("health: { checks: [{ type: icmp, port: ▲80 }] }"), .doesNotApply)
        expectFaults(minimal("health: { tls: ▲{ verify: false }, checks: [{ type: https }] }"), .doesNotApply)
    }

    @Test func aBackendChangesSeveralChecksAsAWhole() throws {
        let backends = """
            [{ address: 10.0.1.1, health: { interval: 5s } }, { address: 10.0.1.2, health: { type: redis } }, \
            { address: 10.0.1.3, health: { checks: [{ type: smtp }] } }]
            """
        let kinds = try farm(minimal("health: { checks: [{ type: tcp }, { type: http }] }", backends: backends)).backends.compactMap(
            \.health?.kind)
        let five = [HealthCheck(kind: .tcp, interval: .seconds(5)), HealthCheck(kind: .http(HTTPCheck()), interval: .seconds(5))]
        #expect(
            kinds == [
                .group(CheckGroup(checks: five)), .redis(Login()), .group(CheckGroup(checks: [HealthCheck(kind: .smtp(SMTPCheck()))])),
            ])
    }

    @Test func anAgentStandsBesideAnyCheck() throws {
        let asked = AgentCheck(port: 5555, interval: .milliseconds(100), send: Array("web1\n".utf8))
        for kind in ["type: http", "type: none", "checks: [{ type: tcp }]"] {
            let health = try farm(minimal("health: { \(kind), agent: { port: 5555, interval: 100ms, send: \"web1\\n\" } }")).health
            #expect(health.agent == asked, "\(kind)")
        }
        #expect(try farm(minimal("health: { agent: { port: 5555 } }")).health.agent == AgentCheck(port: 5555))
    }

    @Test func whatDoesNotGoTogetherIsRefused() {
        expectFaults(minimal("health: { type: ▲tcp, checks: [{ type: tcp }] }"), .doesNotApply)
        expectFaults(minimal("health: { checks: [{ type: tcp }], path: ▲/x }"), .doesNotApply)
        expectFaults(minimal("health: { checks: [{ type: ▲none }] }"), .doesNotApply)
        expectFaults(minimal("health: { checks: [{ type: tcp, path: ▲/x }] }"), .doesNotApply)
        expectFaults(minimal("health: { require: ▲any }"), .doesNotApply)
        expectFaults(minimal("health: { checks: [{ type: tcp }], require: ▲2 }"), .badNumber)
        expectFaults(minimal("health: { checks: [{ type: tcp }], require: ▲most }"), .badNumber)
        expectFaults(minimal("health: { checks: ▲[] }"), .missingKey)
        expectFaults(minimal("health: { agent: { ▲interval: 1s } }"), .missingKey)
    }
}
