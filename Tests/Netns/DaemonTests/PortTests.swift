import Testing

extension RealTraffic {
    /// Which ports and protocols a listener takes, and where they lead.
    @Suite struct Ports {
        @Test func listOfPortsAndASinglePortAtTheBackend() throws {
            let listen = ["{ address: 203.0.113.10, ports: [80, 8081] }", "{ address: \"2001:db8::10\", ports: [80, 8081] }"]
            let balancer = try Balancer(FarmFile(listen: listen, backends: .init(1...3, port: 8080)))
            for target in ["203.0.113.10:80", "203.0.113.10:8081", "[2001:db8::10]:80", "[2001:db8::10]:8081"] {
                let result = try balancer.lab.connect(to: target, "--count 60 --rate 600")
                #expect(result.isFlawless, "\(target): \(result.summary)")
                #expect(Set(result.backends.keys) == ["b1", "b2", "b3"])
            }
        }

        @Test func portOfTheClientIsKeptWithoutOneAtTheBackend() throws {
            let listen = ["{ address: 203.0.113.10, ports: [80, 8080, 9000] }"]
            let balancer = try Balancer(FarmFile(listen: listen, backends: .init(1...3, port: nil, families: [4])))
            for (port, exchange) in [(80, ""), (8080, ""), (9000, " --tcp-echo")] {
                let result = try balancer.lab.connect(to: "203.0.113.10:\(port)", "--count 60 --rate 600" + exchange)
                #expect(result.isFlawless, "\(port): \(result.summary)")
            }
        }

        @Test(arguments: ["203.0.113.10", "2001:db8::10"]) func rangeIsKeptOrMovedOneToOne(vip: String) throws {
            let family = vip.contains(":") ? 6 : 4
            let kept = FarmFile.Backends([1], port: nil, families: [family])
            let moved = FarmFile.Backends([2], port: nil, families: [family]) { _ in "port: 40000-40004" }
            var farm = FarmFile(listen: ["{ address: \"\(vip)\", ports: 30000-30004 }"], scheduler: "round-robin")
            farm.backends.lines = kept.lines + moved.lines
            let balancer = try Balancer(farm)
            let servers = try (0...4).flatMap { offset in
                [
                    try balancer.lab.serve("kept\(offset)", at: "b1", port: 30000 + offset),
                    try balancer.lab.serve("moved\(offset)", at: "b2", port: 40000 + offset),
                ]
            }
            for offset in 0...4 {
                let target = family == 4 ? "\(vip):\(30000 + offset)" : "[\(vip)]:\(30000 + offset)"
                let result = try balancer.lab.connect(to: target, "--count 20 --rate 400")
                #expect(result.isFlawless, "\(target): \(result.summary)")
                #expect(result.backends == ["kept\(offset)": 10, "moved\(offset)": 10])
            }
            for outside in [29999, 30005] {
                let result = try balancer.lab.connect(to: family == 4 ? "\(vip):\(outside)" : "[\(vip)]:\(outside)", "--count 2 --rate 100")
                #expect(result.failures["refused"] == 2, "\(result.summary)")
            }
            for server in servers { server.kill() }
        }

        @Test(arguments: ["dnat", "snat"]) func datagramsAreBalanced(mode: String) throws {
            let listen = ["203.0.113.10:5300/udp", "\"[2001:db8::10]:5300/udp\""]
            let balancer = try Balancer(FarmFile(listen: listen, mode: mode, backends: .init(1...3, port: 5300)))
            for target in ["203.0.113.10:5300", "[2001:db8::10]:5300"] {
                let result = try balancer.lab.connect(to: target, "--udp --count 300 --rate 600")
                #expect(result.isFlawless, "\(result.summary)")
                #expect(Set(result.backends.keys) == ["b1", "b2", "b3"])
            }
        }

        @Test func tcpAndUdpOfOnePortAreTwoListeners() throws {
            let tcp = FarmFile(name: "lines", listen: ["203.0.113.10:5300/tcp"], backends: .init(1...1, port: 9000, families: [4]))
            let udp = FarmFile(name: "datagrams", listen: ["203.0.113.10:5300/udp"], backends: .init(2...2, port: 5300, families: [4]))
            let balancer = try Balancer(["lines": tcp.text, "datagrams": udp.text])
            #expect(try balancer.lab.connect(to: "203.0.113.10:5300", "--tcp-echo --count 20").backends == ["b1": 20])
            #expect(try balancer.lab.connect(to: "203.0.113.10:5300", "--udp --count 20").backends == ["b2": 20])
        }
    }
}
