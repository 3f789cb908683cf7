import FarmModel
import HealthPolicy
import NetTypes
import TestNamespaces
import Testing

@testable import HealthProbing

/// Each kind of probe against the server that it is made for.
@Suite(.serialized, .timeLimit(.minutes(2))) struct ProbePeerTests {
    @Test func nginx() async throws {
        let server = try Server("nginx", port: 80)
        let fine = HTTPCheck(
            path: "/healthz", expectBody: "fine", expectPattern: try BytePattern("^uptime \\d+s,"),
            degradedHeader: HTTPHeader("X-Health: degraded"))
        let state = try await server.probe(.http(fine), port: 80, until: .up)
        #expect(state?.reason == "status 200, degraded" && state?.advice == ProbeAdvice(isDegraded: true))
        let secret = HTTPCheck(path: "/secret", headers: [HTTPHeader("X-Probe: zvnft")].compactMap { $0 }, expectStatus: [204...204])
        #expect(try await server.reason(.http(secret), port: 80, until: .up) == "up: status 204")
        #expect(try await server.reason(.http(HTTPCheck(path: "/secret")), port: 80, until: .down) == "down: status 403")
        #expect(try await server.reason(.http(HTTPCheck(path: "/sick")), port: 80, until: .down) == "down: status 503")
        let talk = SendExpect(send: Array("GET /healthz HTTP/1.0\r\n\r\n".utf8), expect: Array("all is fine".utf8))
        #expect(try await server.reason(.talk(talk), port: 80, until: .up) == "up: answered as expected")
    }

    @Test func redis() async throws {
        let server = try Server("redis", port: 6379)
        #expect(try await server.reason(.redis(Login()), port: 6379, until: .up) == "up: PONG")
        try server.shell("redis-cli config set requirepass secret")
        let asked = try await server.reason(.redis(Login()), port: 6379, until: .down)
        #expect(asked == "down: wants a password (login.password): NOAUTH Authentication required.")
        #expect(try await server.reason(.redis(Login(password: "secret")), port: 6379, until: .up) == "up: PONG")
        #expect(
            try await server.reason(.redis(Login(user: "default", password: "wrong")), port: 6379, until: .down).contains(
                "login refused: WRONGPASS"))
        // A set of many keys takes its time to load.
        try server.shell(
            "redis-cli -a secret debug populate 300000 2>/dev/null && (redis-cli -a secret debug reload nosave 2>/dev/null || true)")
        #expect(try await server.reason(.redis(Login(password: "secret")), port: 6379, until: .up) == "up: PONG")
    }

    @Test func postgres() async throws {
        let server = try Server("postgres", "-c max_connections=2 -c superuser_reserved_connections=1", port: 5432)
        #expect(try await server.reason(.postgres(Login()), port: 5432, until: .up) == "up: asks for a password")
        try server.shell(
            "psql -qh 127.0.0.1 -U postgres -c 'create role open login' 2>/dev/null || psql -qh \(server.directory)/postgres -U postgres -c 'create role open login'"
        )
        let open = HealthCheck(
            kind: .postgres(Login(user: "open", database: "postgres")), interval: .milliseconds(20), timeout: .seconds(1))
        let known = try await server.probe(open, port: 5432) { $0.counts.successes >= 20 || $0.verdict == .down }
        #expect(known?.verdict == .up && known?.history.last?.result.reason == "logged in")
        // There is one place, and the last talk may not have left it yet.
        try server.shell(
            "for _ in $(seq 100); do [ \"$(psql -Atqh \(server.directory)/postgres -U postgres -c "
                + "\"select count(*) from pg_stat_activity where usename = 'open'\")\" = 0 ] && exit 0; sleep 0.05; done; exit 1")
        let missing = try await server.reason(.postgres(Login(user: "open", database: "nope")), port: 5432, until: .down)
        #expect(missing == "down: database \"nope\" does not exist (3D000)")
        // The server has nothing to say of our going, so its log stays as short as it is; only the end of each of the three probers above
        // may have come in the middle of a talk.
        let log = try server.shell("cat \(server.directory)/postgres/log")
        let complaints = log.split(separator: "\n").count { $0.contains("reset by peer") || $0.contains("unexpected EOF") }
        #expect(complaints <= 3, "\(log)")
    }

    @Test func mariadb() async throws {
        let server = try Server("mariadb", port: 3306)
        let stranger = try await server.probe(
            HealthCheck(kind: .mysql(Login()), interval: .milliseconds(20), timeout: .seconds(1)), port: 3306
        ) {
            $0.counts.successes >= 20 || $0.verdict == .down
        }
        // Far more than the three that the server would suffer from one who leaves early.
        #expect(stranger?.verdict == .up && stranger?.counts.failures == 0, "\(stranger?.reason ?? "")")
        #expect(stranger?.reason.contains("answers: Access denied for user 'zvnft'") == true, "\(stranger?.reason ?? "")")
        let aborted = {
            try server.shell("mariadb --no-defaults -S \(server.directory)/mariadb/socket -u root -Ne \"show status like 'Aborted_c%'\"")
        }
        // A refused login counts as aborted: nobody may be asking any more.
        server.prober.setTargets([:])
        try await Task.sleep(for: .milliseconds(200))
        let before = try aborted()
        let known = try await server.probe(
            HealthCheck(kind: .mysql(Login(user: "probe")), interval: .milliseconds(20), timeout: .seconds(1)), port: 3306
        ) {
            $0.counts.successes >= 20 || $0.verdict == .down
        }
        #expect(known?.verdict == .up && known?.reason.hasSuffix(": logged in") == true, "\(known?.reason ?? "")")
        #expect(try aborted() == before)
        #expect(try await server.reason(.mysql(Login(user: "nobody")), port: 3306, until: .down).contains("(1045)"))
    }

    @Test func smtp() async throws {
        let server = try Server("smtpd", port: 25)
        #expect(try await server.reason(.smtp(SMTPCheck()), port: 25, until: .up) == "up: ready")
        #expect(try await server.reason(.smtp(SMTPCheck(host: "not/a/name")), port: 25, until: .down).hasPrefix("down: answers 5"))
    }

    @Test func grpc() async throws {
        let server = try Server("grpc", port: 50051)
        #expect(try await server.reason(.grpc(GRPCCheck()), port: 50051, until: .up) == "up: SERVING")
        #expect(try await server.reason(.grpc(GRPCCheck(service: "shop", host: "shop.example")), port: 50051, until: .up) == "up: SERVING")
        #expect(try await server.reason(.grpc(GRPCCheck(service: "sick")), port: 50051, until: .down) == "down: NOT_SERVING")
        #expect(try await server.reason(.grpc(GRPCCheck(service: "none")), port: 50051, until: .down) == "down: NOT_FOUND: unknown service")
    }

    /// Every kind meets every server that it is not made for, and says so.
    @Test func othersServers() async throws {
        let server = try Server("nginx", port: 80)
        try server.start("redis", port: 6379)
        let kinds: [HealthCheck.Kind] = [.postgres(Login()), .mysql(Login()), .smtp(SMTPCheck()), .grpc(GRPCCheck())]
        for kind in kinds + [.redis(Login())] {
            let reason = try await server.reason(kind, port: 80, until: .down)
            #expect(
                reason.hasPrefix("down: not a") || reason.hasPrefix("down: no greeting") || reason.hasPrefix("down: closed"),
                "\(kind.name): \(reason)")
        }
        for kind in kinds + [.http(HTTPCheck())] {
            #expect(try await server.reason(kind, port: 6379, until: .down).hasPrefix("down: "), "\(kind.name)")
        }
    }
}
