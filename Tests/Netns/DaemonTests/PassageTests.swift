import Testing

extension RealTraffic {
    /// Probes through the farm's own rules: what they notice, what they say, and what they leave behind.
    @Suite struct Passages {
        private static func farm(_ mode: String, _ health: String = "type: tcp", port: Int? = 8080) -> FarmFile {
            FarmFile(mode: mode, backends: .init(1...3, port: port), health: "{ via: vip, interval: 100ms, rise: 2, fall: 2, \(health) }")
        }

        @Test(arguments: ["dnat", "snat", "stateless", "dsr"], ["type: tcp", "type: http, path: /healthz, expectBody: ok"])
        func everyModeCarriesThem(mode: String, health: String) throws {
            let balancer = try Balancer(Self.farm(mode, health, port: mode == "dsr" ? nil : 8080))
            #expect(try balancer.status().backends.up == 6)
            let text = try balancer.lbctl("why", "web/b1").output
            #expect(text.contains("10.0.1.11:\(mode == "dsr" ? 80 : 8080) via 203.0.113.10:80"), "\(text)")
            for vip in ["203.0.113.10:80", "[2001:db8::10]:80"] {
                #expect(try balancer.lab.connect(to: vip, "--count 60 --rate 600").isFlawless)
            }
        }

        /// The default probe would see nothing: the server answers at the backend's own address.
        @Test(arguments: ["type: tcp", "type: http, path: /healthz"])
        func missingAddressOfADirectBackendIsNoticedAndNamed(health: String) throws {
            let balancer = try Balancer(Self.farm("dsr", health, port: nil))
            try Self.takeAddresses(from: "b2", balancer) {
                for (name, vip) in [("b2", "203.0.113.10"), ("b2v6", "2001:db8::10")] {
                    try balancer.awaitHealth("down", of: name)
                    try eventually("\(name) says why") {
                        try balancer.backend(name).reason.contains("does not answer for \(vip): is it on its loopback?")
                    }
                    #expect(try balancer.backend(name).share == 0)
                }
                #expect(try balancer.backend("b1").health == "up" && balancer.backend("b3v6").health == "up")
                let result = try balancer.lab.connect(to: "203.0.113.10:80", "--count 60 --rate 600")
                #expect(result.isFlawless && Set(result.backends.keys) == ["b1", "b3"], "\(result.summary)")
            }
            for name in ["b2", "b2v6"] { try balancer.awaitHealth("up", of: name) }
        }

        @Test(arguments: ["dnat", "stateless", "dsr"]) func datagramsGoThroughToo(mode: String) throws {
            var farm = Self.farm(mode, "type: udp, send: ping, expect: ping", port: mode == "dsr" ? nil : 5300)
            farm.listen = ["203.0.113.10:5300/udp", "\"[2001:db8::10]:5300/udp\""]
            let balancer = try Balancer(farm)
            guard mode == "dsr" else { return }
            try Self.takeAddresses(from: "b2", balancer) {
                for name in ["b2", "b2v6"] {
                    try balancer.awaitHealth("down", of: name)
                    try eventually("\(name) says why") { try balancer.backend(name).reason.contains("and is the server bound to it?") }
                }
            }
            for name in ["b2", "b2v6"] { try balancer.awaitHealth("up", of: name) }
        }

        /// Both ask the same of one backend, the one of them past the rules; while the other fails a third does, for its reason.
        @Test func probesOfBothKindsStandSideBySide() throws {
            var direct = Self.farm("dsr", port: nil)
            (direct.name, direct.listen) = ("direct", ["203.0.113.11:80/tcp"])
            direct.health = direct.health.replacing("via: vip", with: "via: direct")
            direct.backends = .init(1...3, port: nil, families: [4])
            let balancer = try Balancer(["direct": direct.text, "vip": Self.farm("dsr", port: nil).text])
            try Self.takeAddresses(from: "b2", balancer) {
                try eventually("only one of them is down") {
                    let seen = try balancer.backends().filter { $0.name == "b2" }
                    return seen.count == 2 && seen.allSatisfy { ($0.farm == "web") == ($0.health == "down") }
                }
            }
            try balancer.awaitAllUp()
        }

        @Test(arguments: ["dnat", "snat", "stateless", "dsr"]) func deadServerIsNoticedAndComesBack(mode: String) throws {
            let balancer = try Balancer(Self.farm(mode, port: mode == "dsr" ? nil : 8080))
            try balancer.lab.killServers(of: "b2")
            for name in ["b2", "b2v6"] {
                try balancer.awaitHealth("down", of: name)
                try eventually("\(name) says that asking it directly is no better") {
                    let reason = try balancer.backend(name).reason
                    return reason.contains("refused") && reason.contains("asked directly") && reason.contains("fails too")
                }
            }
            try balancer.lab.startServers(of: "b2")
            for name in ["b2", "b2v6"] { try balancer.awaitHealth("up", of: name) }
        }

        /// What stands between this host's rules and the backend is not the backend's fault, and is told apart.
        @Test func whatIsInTheWayOnThisHostIsTold() throws {
            let balancer = try Balancer(Self.farm("dnat"))
            try balancer.lab.at(
                "balancer", ["nft", "-f", "-"],
                input: """
                    table inet between {
                        chain output {
                            type filter hook output priority 0;
                            ct status dnat ip daddr 10.0.1.12 drop
                        }
                    }

                    """)
            try balancer.awaitHealth("down", of: "b2")
            try eventually("it says where to look") {
                try balancer.backend("b2").reason.contains("answers when asked directly: look for another firewall")
            }
            #expect(try balancer.backend("b2v6").health == "up")
            try balancer.lab.at("balancer", "nft delete table inet between")
            try balancer.awaitHealth("up", of: "b2")
        }

        @Test func addressThatThisHostCannotReachIsNamed() throws {
            let balancer = try Balancer(notStartedWith: ["farm": Self.farm("dnat").text])
            try balancer.lab.at("balancer", "ip address del 203.0.113.10/32 dev front")
            defer { _ = try? balancer.lab.at("balancer", "ip address add 203.0.113.10/32 dev front") }
            try balancer.start()
            try eventually("b1 is down", lastSeen: balancer.lastWords) {
                try balancer.statusOrNil() != nil && balancer.backend("b1").reason.contains("this host has no route to 203.0.113.10")
            }
            try balancer.awaitHealth("up", of: "b1v6")
        }

        @Test func backendWithoutANeighbourSaysSo() throws {
            var farm = Self.farm("dsr", port: nil)
            farm.listen = ["203.0.113.10:80/tcp"]
            farm.backends = .init(1...2, port: nil, families: [4])
            farm.backends.lines.append("{ name: ghost, address: 10.0.1.77 }")
            let balancer = try Balancer(notStartedWith: ["farm": farm.text])
            try balancer.start()
            try eventually("ghost is down", lastSeen: balancer.lastWords) {
                try balancer.statusOrNil() != nil && balancer.backend("ghost").reason.hasPrefix("no neighbour: ")
            }
            try balancer.awaitHealth("up", of: "b1")
        }

        /// Asked directly, this host says what its device can take; through the rules nobody does, as for clients.
        @Test func lostLargePacketsAreSuspected() throws {
            let lab = try Lab.ready()
            try lab.at("b2", ["ethtool", "-K", "eth0", "gso", "off", "tso", "off"])
            try lab.at("balancer", "ip link set back mtu 1300")
            defer {
                _ = try? lab.at("balancer", "ip link set back mtu 1500")
                _ = try? lab.at("b2", ["ethtool", "-K", "eth0", "gso", "on", "tso", "on"])
            }
            let server = try Program(lab.inside("b2", ["python3", "-c", Self.largeAnswers]))
            defer { server.kill() }
            try eventually("b2 listens on 8099") { try lab.at("b2", ["ss", "-Hltn"]).contains(":8099 ") }
            var farm = Self.farm("dnat", "type: http, path: /, expectBody: end-of-body")
            farm.listen = ["203.0.113.10:80/tcp"]
            farm.backends = .init(2...2, port: 8099, families: [4])
            let balancer = try Balancer(notStartedWith: ["farm": farm.text])
            try balancer.start()
            try eventually("b2 says why", lastSeen: balancer.lastWords) {
                try balancer.statusOrNil() != nil && balancer.backend("b2").reason.contains("larger packets seem to be lost (MTU?)")
            }
            try lab.at("balancer", "ip link set back mtu 1500")
            try balancer.awaitHealth("up", of: "b2")
        }

        private static let largeAnswers = """
            import http.server
            class Answer(http.server.BaseHTTPRequestHandler):
                def do_GET(self):
                    body = b'x' * 5000 + b'end-of-body'
                    self.send_response(200)
                    self.send_header('Content-Length', str(len(body)))
                    self.end_headers()
                    self.wfile.write(body)
                def log_message(self, *words): pass
            http.server.ThreadingHTTPServer(('', 8099), Answer).serve_forever()
            """

        /// A target keeps its source port, so that its connections have one entry between them.
        @Test(arguments: ["dnat", "snat"]) func conntrackHoldsOneEntryATarget(mode: String) throws {
            let balancer = try Balancer(Self.farm(mode))
            try balancer.lab.killServers(of: "b2")
            try balancer.lab.unplug("b3")
            try balancer.awaitHealth("down", of: "b3")
            try balancer.awaitHealth("down", of: "b2v6")
            let entries = try ["ipv4", "ipv6"].map { try balancer.lab.at("balancer", ["conntrack", "-L", "-f", $0]) }.joined()
            let lines = entries.split(separator: "\n").filter { $0.contains("dst=203.0.113.10 ") || $0.contains("dst=2001:db8::10 ") }
            let targets = Set(lines.map { line in line.split(separator: " ").first { $0.hasPrefix("sport=") } ?? "" })
            #expect(!lines.isEmpty && targets.count <= 6 && Set(lines).count <= 6, "\(lines.joined(separator: "\n"))")
        }

        @Test(arguments: ["dsr", "stateless"]) func nothingIsTracked(mode: String) throws {
            let balancer = try Balancer(Self.farm(mode, port: mode == "dsr" ? nil : 8080))
            try balancer.lab.killServers(of: "b1")
            try balancer.awaitHealth("down", of: "b1")
            let entries = try ["ipv4", "ipv6"].map { try balancer.lab.at("balancer", ["conntrack", "-L", "-f", $0]) }.joined()
            #expect(!entries.contains("sport=61") && !entries.contains("dst=203.0.113.10"), "\(entries)")
        }

        @Test(arguments: ["dnat", "stateless", "dsr"]) func rulesGoWithTheFarm(mode: String) throws {
            let other = FarmFile(
                name: "other", listen: ["203.0.113.11:80/tcp"], mode: mode, backends: .init(1...2, port: 80, families: [4]))
            let balancer = try Balancer(other)
            let before = try balancer.kernelRules()
            #expect(!before.contains("egress") && !before.contains("meta mark"))
            try balancer.write("vip", Self.farm(mode, port: mode == "dsr" ? nil : 8080).text)
            try balancer.apply()
            try balancer.awaitAllUp()
            #expect(try balancer.kernelRules().contains("meta mark"))
            balancer.remove("vip")
            try balancer.apply()
            try eventually("nothing of it is left") { try balancer.kernelRules() == before }
        }

        private static func takeAddresses(from backend: String, _ balancer: Balancer, _ body: () throws -> Void) throws {
            func addresses(_ verb: String) throws {
                try balancer.lab.at(backend, "ip address \(verb) 203.0.113.10/32 dev lo")
                try balancer.lab.at(backend, "ip -6 address \(verb) 2001:db8::10/128 dev lo" + (verb == "add" ? " nodad" : ""))
            }
            try addresses("del")
            let result = Result { try body() }
            try addresses("add")
            try result.get()
        }
    }
}
