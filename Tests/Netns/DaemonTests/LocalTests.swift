import Testing

extension RealTraffic {
    /// Farms on the balancer's own addresses, for the network and for the host itself.
    @Suite struct Local {
        private static let farm = FarmFile(
            listen: ["203.0.113.10:80/tcp", "\"[2001:db8::10]:80/tcp\""], mode: "local",
            backends: {
                var backends = FarmFile.Backends(1...1)
                backends.lines = [7001, 7002, 7003].flatMap { port in
                    [
                        "{ name: l\(port), address: 203.0.113.10, port: \(port) }",
                        "{ name: l\(port)v6, address: \"2001:db8::10\", port: \(port) }",
                    ]
                }
                return backends
            }(), health: "{ type: tcp, interval: 100ms }")

        @Test(arguments: ["203.0.113.10:80", "[2001:db8::10]:80"]) func networkAndHostReachEveryServer(vip: String) throws {
            let lab = try Lab.ready()
            let servers = try [7001, 7002, 7003].map { try lab.serve("l\($0)", at: "balancer", port: $0) }
            defer { for server in servers { server.kill() } }
            let balancer = try Balancer(Self.farm)
            let result = try lab.connect(to: vip, "--count 200 --rate 400")
            #expect(result.isFlawless, "\(result.summary)")
            #expect(Set(result.backends.keys) == ["l7001", "l7002", "l7003"])
            let own: LoadResult = try balancer.connectFromTheHost(to: vip)
            #expect(own.isFlawless, "\(own.summary)")
            #expect(Set(own.backends.keys) == ["l7001", "l7002", "l7003"])
        }

        @Test func hostsConnectionsToOtherFarmsAreItsOwn() throws {
            let balancer = try Balancer(FarmFile())
            let result = try balancer.connectFromTheHost(to: "203.0.113.10:80")
            #expect(result.answered == 0, "only farms of mode local take the host's own connections: \(result.summary)")
        }
    }
}

extension Balancer {
    fileprivate func connectFromTheHost(to vip: String) throws -> LoadResult {
        try Load(lab, at: "balancer", ["connect", "--to", vip, "--count", "200", "--rate", "400"]).result()
    }
}
