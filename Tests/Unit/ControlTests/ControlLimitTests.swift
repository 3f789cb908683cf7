import ControlAPI
import ControlServer
import Testing

/// What a client gets that asks for too much, too slowly or for nonsense.
@Suite struct ControlLimitTests {
    private static func ask(_ line: String, headers: String = "", body: String = "") -> String {
        "\(line) HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\(headers)\r\n\(body)"
    }

    @Test(arguments: [
        ("GET /api/v1/nothing", 404, "nothing is served at /api/v1/nothing"),
        ("GET /", 404, "nothing is served at /"),
        ("GET /api/v1/farms/", 404, "nothing is served"),
        ("GET /api/v1/farms/%ZZ", 404, "nothing is served"),
        ("DELETE /api/v1/status", 405, "takes GET, not DELETE"),
        ("GET /api/v1/backends?frm=web", 400, "\\\"frm\\\" is not known here"),
        ("GET /api/v1/backends?connections=yes", 400, "true or false"),
        ("GET /api/v1/backends?farm=a&farm=b", 400, "twice"),
        ("GET /api/v1/trace?from=1", 400, "lacks \\\"to\\\""),
        ("GET /api/v1/backends?farm=%FF", 400, "not encoded well"),
    ])
    func faultyRequestsGetProblems(_ line: String, _ status: Int, _ detail: String) async throws {
        try await RunningServer.with { server async throws in
            let answer = try await #require(RawConnection.answer(server.path, Self.ask(line)))
            #expect(answer.hasPrefix("HTTP/1.1 \(status) "), "\(answer)")
            #expect(answer.contains("application/problem+json") && answer.contains(detail), "\(answer)")
        }
    }

    @Test(arguments: ["{", "[]", #"{"weight":"ten"}"#, "\u{0}"])
    func bodiesThatAreNotTheExpectedJSONAreRefused(_ body: String) async throws {
        try await RunningServer.with { server async throws in
            let request = Self.ask(
                "PUT /api/v1/farms/web/backends/web1/override", headers: "content-length: \(body.utf8.count)\r\n", body: body
            )
            #expect(try await #require(RawConnection.answer(server.path, request)).hasPrefix("HTTP/1.1 400 "))
            #expect(await server.balancer.asked.overrides.isEmpty)
        }
    }

    @Test func bodiesOverTheLimitAreRefusedByTheirHeader() async throws {
        try await RunningServer.with { server async throws in
            let request = Self.ask("POST /api/v1/apply", headers: "content-length: 1048577\r\n")
            #expect(try await #require(RawConnection.answer(server.path, request)).hasPrefix("HTTP/1.1 413 "))
        }
    }

    @Test func chunkedBodiesOverTheLimitAreRefused() async throws {
        try await RunningServer.with(limits: ControlLimits(bodyBytes: 100)) { server async throws in
            let body = "65\r\n" + String(repeating: "a", count: 0x65) + "\r\n0\r\n\r\n"
            let request = Self.ask("POST /api/v1/apply", headers: "transfer-encoding: chunked\r\n", body: body)
            #expect(try await #require(RawConnection.answer(server.path, request)).hasPrefix("HTTP/1.1 413 "))
        }
    }

    @Test func headersThatTrickleInLoseTheConnection() async throws {
        try await RunningServer.with(limits: ControlLimits(headerTime: .milliseconds(100))) { server async throws in
            #expect(try await RawConnection.answer(server.path, "GET /healthz HT") == "")
            #expect(try await RawConnection.answer(server.path, "") == "")
        }
    }

    @Test func bodiesThatTrickleInLoseTheConnection() async throws {
        try await RunningServer.with(limits: ControlLimits(bodyTime: .milliseconds(100))) { server async throws in
            let request = Self.ask("POST /api/v1/apply", headers: "content-length: 100\r\n", body: "{")
            let answer = try await RawConnection.answer(server.path, request)
            #expect(answer != nil && answer?.hasPrefix("HTTP/1.1 200") == false)
            #expect(await server.balancer.asked.applies.isEmpty)
        }
    }

    @Test func connectionsBeyondTheLimitAreClosedAndTheirSeatsComeBack() async throws {
        let limits = ControlLimits(headerTime: .milliseconds(300), connections: 2)
        try await RunningServer.with(limits: limits) { server async throws in
            let seated = [try RawConnection(path: server.path), try RawConnection(path: server.path)]
            #expect(try await RawConnection.answer(server.path, "") == "")
            for connection in seated { #expect(try await connection.readToEnd() == "") }
            #expect(try await RawConnection.answer(server.path, Self.ask("GET /healthz"))?.hasSuffix("ok\n") == true)
        }
    }

    @Test func garbageIsAnsweredAndTheServerLives() async throws {
        try await RunningServer.with { server async throws in
            #expect(try await #require(RawConnection.answer(server.path, "\u{16}\u{3}\u{1} nonsense\r\n\r\n")).hasPrefix("HTTP/1.1 400"))
            let long = "GET /healthz HTTP/1.1\r\nx: " + String(repeating: "a", count: 1 << 17) + "\r\n\r\n"
            _ = try await RawConnection.answer(server.path, long)
            #expect(try await server.client.status() == Sample.status(degraded: false))
        }
    }

    @Test func plainPagesAreServed() async throws {
        try await RunningServer.with { server async throws in
            #expect(try await RawConnection.answer(server.path, Self.ask("GET /healthz"))?.hasSuffix("ok\n") == true)
            #expect(try await RawConnection.answer(server.path, Self.ask("GET /readyz"))?.hasSuffix("ok\n") == true)
            #expect(try await RawConnection.answer(server.path, Self.ask("GET /metrics"))?.hasSuffix("zvnft_farms 1\n") == true)
            await server.balancer.fail(with: Problem(title: "Starting", status: 503, detail: "not yet"))
            #expect(try await RawConnection.answer(server.path, Self.ask("GET /readyz"))?.hasPrefix("HTTP/1.1 503") == true)
            #expect(try await RawConnection.answer(server.path, Self.ask("GET /healthz"))?.hasSuffix("ok\n") == true)
        }
    }
}
