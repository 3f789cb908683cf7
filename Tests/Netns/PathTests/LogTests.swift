import Glibc
import TestNamespaces
import Testing

/// What the kernel logs of a farm's clients.
@Suite(.serialized, .loggingNamespaces) struct LogTests {
    private static let vip = "203.0.113.10:80"

    @Test(arguments: ["dnat", "stateless"])
    func eachNewConnectionIsLoggedOnce(_ mode: String) throws {
        let (network, log) = (try Network(), try KernelLog())
        let server = try network.listen("10.0.1.11:8080")[0]
        try network.serve(WebFarm(mode: mode, more: "log: { connections: on, prefix: \"\(log.mark) \" }").text)
        let open = try network.connect(3, from: "192.0.2.1", to: Self.vip).open
        for socket in open {
            try socket.send("x")
            #expect(try server.accepted().receive() == "x")
        }
        let lines = try log.lines()
        #expect(lines.count == 3)
        #expect(
            lines.allSatisfy {
                $0.contains("\(log.mark) IN=front") && $0.contains("SRC=192.0.2.1 DST=203.0.113.10") && $0.contains("DPT=80")
            })
    }

    @Test func linesAreBoundedByTheirRate() throws {
        let (network, log) = (try Network(), try KernelLog())
        let servers = try network.listen("10.0.1.11:8080")
        try network.serve(WebFarm(more: "log: { connections: 5/d, prefix: \"\(log.mark) \" }").text)
        #expect(try network.connect(9, from: "192.0.2.1", to: Self.vip).attempts.allSatisfy { $0 == .connected })
        #expect(try log.lines().count == 5)
        withExtendedLifetime(servers) {}
    }

    @Test(arguments: ["dnat", "stateless"])
    func policiesLogWhatTheyDecideOn(_ mode: String) throws {
        let (network, log) = (try Network(), try KernelLog())
        let servers = try network.listen("10.0.1.11:8080")
        let more = """
            log: { prefix: "\(log.mark) " }
            policies:
              - { name: good, action: accept, sources: [192.0.2.1], log: 100/s }
              - { name: bad, action: drop, sources: [192.0.2.2], log: 100/s }
            """
        try network.serve(WebFarm(mode: mode, more: more).text)
        for source in 1...3 { _ = try network.connect(from: "192.0.2.\(source)", to: Self.vip) }
        let lines = try log.lines()
        #expect(lines.contains { $0.contains("\(log.mark) good ") && $0.contains("SRC=192.0.2.1 ") })
        #expect(lines.contains { $0.contains("\(log.mark) bad ") && $0.contains("SRC=192.0.2.2 ") })
        #expect(!lines.contains { $0.contains("SRC=192.0.2.3 ") })
        #expect(try network.counted("policy-", "drop") >= 1)
        withExtendedLifetime(servers) {}
    }

    @Test func whatIsAboveALimitIsNotLoggedAsAConnection() throws {
        let (network, log) = (try Network(), try KernelLog())
        let servers = try network.listen("10.0.1.11:8080")
        let more = "log: { connections: on, prefix: \"\(log.mark) \" }\nlimits: { newConnections: { rate: 1/d, burst: 2 } }"
        try network.serve(WebFarm(more: more).text)
        #expect(try network.connect(4, from: "192.0.2.1", to: Self.vip).attempts == [.connected, .connected, .silent, .silent])
        #expect(try log.lines().count == 2)
        withExtendedLifetime(servers) {}
    }
}
