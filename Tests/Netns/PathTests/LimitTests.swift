import TestNamespaces
import Testing

/// Each limit at its bound: so many pass, and one more does not.
@Suite(.serialized) struct LimitTests {
    private static let vip = "203.0.113.10:80"

    private func farm(_ more: String, mode: String = "dnat", listen: String = "203.0.113.10:80/tcp") -> String {
        """
        farm: web
        listen: ["\(listen)"]
        mode: \(mode)
        backends: [{ name: b1, address: 10.0.1.11, port: 8080 }]
        \(more)
        """
    }

    @Test(arguments: ["dnat", "snat"])
    func connectionsOfTheFarmAreBounded(_ mode: String) throws {
        let network = try Network()
        let servers = try network.listen("10.0.1.11:8080")
        try network.serve(farm("limits: { newConnections: { rate: 1/d, burst: 5 } }", mode: mode))
        for source in 1...5 { #expect(try network.connect(from: "192.0.2.\(source)", to: Self.vip).attempts == [.connected]) }
        #expect(try network.connect(from: "192.0.2.6", to: Self.vip).attempts == [.silent])
        #expect(try network.counted("new-connections-web") == 1)
        _ = servers
    }
}
