import Glibc
import Testing

extension RealTraffic {
    /// What is shown as counted is what clients have sent, whatever happens meanwhile.
    @Suite struct Counters {
        @Test(arguments: ["dnat", "snat", "dsr", "stateless"])
        func countsAreWhatWasSentOverFlipsRestartsAndKills(mode: String) throws {
            let balancer = try Balancer(Self.farm(mode))
            var sent = 0
            for event in Event.allCases {
                try event.happen(to: balancer)
                let result = try balancer.lab.connect(to: "203.0.113.10:80", "--count 50 --rate 250")
                #expect(result.isFlawless, "\(event): \(result.summary)")
                try balancer.lab.sendDatagrams(20, to: "203.0.113.10", port: 9)
                sent += 1
                var seen: FarmDetail?
                try eventually("\(sent * 50) connections after \(event)", lastSeen: "\(seen as Any)") {
                    let farm = try balancer.traffic()
                    seen = farm
                    return farm.listener("udp")?.requests?.packets == sent * 20 && farm.listener("tcp")?.connections == sent * 50
                }
                try Self.expectAgreement(try balancer.traffic(), event, mode)
            }
        }

        @Test func metricsAreAcceptedAndNameFarmListenerAndBackend() throws {
            let balancer = try Balancer(Self.farm("dnat"))
            #expect(try balancer.lab.connect(to: "203.0.113.10:80", "--count 30 --rate 250").isFlawless)
            try eventually("thirty connections") { try balancer.traffic().traffic?.connections == 30 }
            let page = try balancer.metrics()
            #expect(page.contains("zvnft_farm_connections_total{farm=\"web\"} 30\n"))
            #expect(page.contains("zvnft_listener_connections_total{farm=\"web\",listener=\"203.0.113.10:80/tcp\"} 30\n"))
            let backends = page.split(separator: "\n").filter { $0.hasPrefix("zvnft_backend_connections_total{farm=\"web\",backend=\"b") }
            #expect(backends.compactMap { $0.split(separator: " ").last.flatMap { Int($0) } }.reduce(0, +) == 30)
            #expect(page.contains("zvnft_farm_bytes_total{farm=\"web\",direction=\"reply\"} "))
            #expect(
                try balancer.lbctl("rules", "web").output.contains(" counter packets "), "elements are shown with what they have counted")
            try Self.expectAccepted(page)
        }

        @Test(arguments: ["dnat", "snat", "dsr"]) func probesThroughTheRulesAreNobodysConnections(mode: String) throws {
            var farm = Self.farm(mode)
            farm.health = "{ type: http, interval: 100ms, via: vip }"
            let balancer = try Balancer(farm)
            try eventually("thirty probes") {
                try balancer.metrics().values(of: "zvnft_probes_started_total ").first ?? 0 >= 30
            }
            #expect(try balancer.lab.connect(to: "203.0.113.10:80", "--count 20 --rate 250").isFlawless)
            try eventually("twenty connections") { try balancer.traffic().traffic?.connections == 20 }
            // The connections of farmload: what a hundred probes have sent would be far more.
            #expect(try balancer.traffic().traffic?.replies?.packets ?? 0 <= 20 * 8)
        }

        @Test(arguments: ["dnat", "dsr"]) func policiesCountWhatTheyDecideOn(mode: String) throws {
            var farm = Self.farm(mode)
            farm.more.append("policies: [{ name: bad, action: drop, sources: [198.51.100.0/24, 192.0.2.0/24] }]")
            let balancer = try Balancer(farm)
            try balancer.lab.sendDatagrams(20, to: "203.0.113.10", port: 9)
            // Nothing of a refused connection is remembered, so each datagram of it asks.
            try eventually("twenty datagrams") { try balancer.traffic().policies?.first?.hits.packets == 20 }
            #expect(try balancer.traffic().traffic?.requests?.packets == 0)
            #expect(try balancer.lbctl("farm", "show", "web").output.contains("bad: 20 packets (1200 bytes) dropped"))
        }

        /// Backends leave and come back, slots move, the daemon ends and dies, all under load: what is shown only grows.
        @Test(arguments: ["dnat", "dsr", "stateless"]) func nothingThatIsCountedEverGoesDown(mode: String) throws {
            let farm = Self.farm(mode)
            let balancer = try Balancer(farm)
            var fewer = farm
            fewer.backends = .init(1...2, port: nil, families: [4])
            let load = try balancer.lab.connecting(to: "203.0.113.10:80", "--rate 200 --duration 10s")
            var ratchet = Ratchet()
            for round in 0..<2 {
                for change in ["drain", "ready"] {
                    #expect(try balancer.lbctl("backend", change, "web/b1").status == 0)
                    ratchet.take(try balancer.metrics(), "\(change) \(round)")
                }
                for (what, text) in [("without b3", fewer.text), ("with b3", farm.text)] {
                    try balancer.write("farm", text)
                    try balancer.apply("--force")
                    ratchet.take(try balancer.metrics(), "\(what) \(round)")
                }
                try balancer.restart(after: round == 1 ? SIGTERM : SIGKILL)
                ratchet.take(try balancer.metrics(), "restart \(round)")
            }
            let result = try load.result()
            // What was read is shown for a second.
            usleep(1_100_000)
            ratchet.take(try balancer.metrics(), "end")
            let counted = try #require(try balancer.traffic().traffic?.connections)
            // What a backend that leaves takes between its last reading and the change, a millisecond, is not counted; SYNs sent again are.
            #expect(counted >= result.started * 98 / 100 && counted <= result.started * 102 / 100, "\(counted) of \(result.summary)")
            #expect(ratchet.known.keys.contains { $0.hasPrefix("zvnft_backend_bytes_total") })
        }

        @Test func setsThatPacketsFillAreShownWithTheirLimits() throws {
            var farm = Self.farm("dnat")
            farm.more = [
                "persistence: { key: [sourceAddress, sourcePort], timeout: 10m }",
                "limits: { newConnectionsPerSource: { rate: 1000/s, burst: 1000 }, connectionsPerSource: 1000 }",
            ]
            let balancer = try Balancer(farm)
            #expect(try balancer.lab.connect(to: "203.0.113.10:80", "--count 20 --rate 250").isFlawless)
            let page = try balancer.metrics()
            let (fills, limits) = (page.values(of: "zvnft_set_elements{table=\"inet\""), page.values(of: "zvnft_set_elements_limit{"))
            #expect(fills.count == limits.count && fills.count >= 3, "\(page)")
            #expect(fills.contains { $0 >= 20 }, "a session for each connection")
            #expect(limits.allSatisfy { $0 >= 65_536 })
            #expect(page.values(of: "zvnft_conntrack_entries ").first ?? 0 >= 20)
            #expect(page.values(of: "zvnft_conntrack_entries_limit ").first ?? 0 > 0)
            try Self.expectAccepted(page)
        }

        @Test func flowsThatBeginDuringAHandoverAreShown() throws {
            let balancer = try Balancer(Self.farm("dsr"))
            #expect(try balancer.lbctl("backend", "drain", "web/b1").status == 0)
            #expect(try balancer.lab.connect(to: "203.0.113.10:80", "--count 60 --rate 250").isFlawless)
            let fill = try #require(try balancer.metrics().values(of: "zvnft_set_elements{table=\"netdev\",set=\"fresh4\"}").first)
            #expect(fill > 0 && fill <= 60, "those of slots that move")
        }

        /// The walk over conntrack's table is made once a minute, the first a quarter of a minute after the start.
        @Test func sourcePortsInUseAreShown() throws {
            var farm = Self.farm("snat")
            farm.listen = ["203.0.113.10:9000/tcp"]
            let balancer = try Balancer(farm)
            let held = try balancer.lab.holding(to: "203.0.113.10:9000", seconds: 25, "--count 12")
            var page = ""
            try eventually("twelve source ports", within: .seconds(24), lastSeen: page) {
                page = try balancer.metrics()
                return page.values(of: "zvnft_snat_source_ports{").reduce(0, +) >= 12
            }
            #expect(page.values(of: "zvnft_snat_source_ports_limit ") == [59_976])
            try Self.expectAccepted(page)
            _ = try held.result()
        }

        /// A range of 76 ports: four of five in use are told, and what finds none is counted.
        @Test func sourcePortsThatRunOutAreToldBeforeAndAfter() throws {
            var farm = Self.farm("snat")
            (farm.listen, farm.backends) = (["203.0.113.10:9000/tcp"], .init(1...1, port: nil, families: [4]))
            let balancer = try Balancer(notStartedWith: ["farm": farm.text])
            try "probePorts: 1100-65535\n".save(as: balancer.directory + "/zvnftd.yaml")
            try balancer.start()
            try balancer.awaitAllUp()
            let held = try balancer.lab.holding(to: "203.0.113.10:9000", seconds: 25, "--count 70")
            try eventually("the alarm", within: .seconds(24), lastSeen: balancer.lastWords) {
                try balancer.metrics().values(of: "zvnft_snat_source_ports{") == [70]
            }
            #expect(try balancer.metrics().values(of: "zvnft_snat_source_ports_limit ") == [76])
            #expect(balancer.lastWords.contains("nearly full"))
            let before = try balancer.metrics().values(of: "zvnft_conntrack_insert_failures_total ")
            _ = try balancer.lab.connect(to: "203.0.113.10:9000", "--count 30 --rate 100")
            let after = try balancer.metrics().values(of: "zvnft_conntrack_insert_failures_total ")
            #expect(after.first ?? 0 > before.first ?? 0)
            #expect(try held.result().areAllAlive, "those that have ports keep them")
        }

        /// By Prometheus' own tool, where there is one: it is no package that the tests ask for.
        private static func expectAccepted(_ page: String) throws {
            guard access("/usr/bin/promtool", X_OK) == 0 else { return }
            let check = try Program.run(["promtool", "check", "metrics"], input: page)
            #expect(check.status == 0 && check.errors.isEmpty && check.output.isEmpty, "\(check.output)\(check.errors)")
        }

        private static func farm(_ mode: String) -> FarmFile {
            FarmFile(
                listen: ["\"203.0.113.10:80/tcp\"", "\"203.0.113.10:9/udp\""], mode: mode,
                backends: .init(1...3, port: nil, families: [4]), more: ["counters: traffic"])
        }

        /// The farm's sum is that of its listeners, and of its backends.
        private static func expectAgreement(_ farm: FarmDetail, _ event: Event, _ mode: String) throws {
            let total = try #require(farm.traffic)
            let (listeners, backends) = (farm.listeners?.map(\.traffic) ?? [], farm.backends.compactMap(\.traffic))
            for parts in [listeners, backends] {
                #expect(parts.compactMap(\.connections).reduce(0, +) == total.connections, "\(event)")
                #expect(parts.compactMap { $0.requests?.packets }.reduce(0, +) == total.requests?.packets, "\(event)")
                #expect(parts.compactMap { $0.requests?.bytes }.reduce(0, +) == total.requests?.bytes, "\(event)")
                #expect(parts.compactMap { $0.replies?.packets }.reduce(0, +) == total.replies?.packets ?? 0, "\(event)")
            }
            // 32 octets and the headers of IP and UDP.
            #expect(farm.listener("udp")?.requests.map { $0.bytes == $0.packets * 60 } == true)
            let tcp = try #require(farm.listener("tcp"))
            #expect(tcp.requests?.packets ?? 0 >= 4 * (tcp.connections ?? 0), "\(event)")
            #expect(mode == "dsr" ? tcp.replies == nil : tcp.replies?.packets ?? 0 >= 3 * (tcp.connections ?? 0), "\(event)")
        }

        private enum Event: CaseIterable {
            case start, drain, restart, death, deathAfterAFlip, otherBackends

            func happen(to balancer: Balancer) throws {
                switch self {
                case .start: break
                case .drain: #expect(try balancer.lbctl("backend", "drain", "web/b1").status == 0)
                case .restart: try balancer.restart(after: SIGTERM)
                case .death: try balancer.restart(after: SIGKILL)
                case .deathAfterAFlip:
                    #expect(try balancer.lbctl("backend", "ready", "web/b1").status == 0)
                    try balancer.restart(after: SIGKILL)
                case .otherBackends:
                    // Neither farm nor listeners lose what a backend that stays has counted.
                    #expect(try balancer.lbctl("backend", "weight", "web/b2", "5").status == 0)
                    try balancer.apply()
                }
            }
        }
    }
}

private struct FarmDetail: Decodable {
    struct Count: Decodable { let packets, bytes: Int }
    struct Traffic: Decodable {
        let connections: Int?
        let requests, replies: Count?
    }
    struct Listener: Decodable {
        let listen: String
        let traffic: Traffic
    }
    struct Backend: Decodable {
        let name: String
        let traffic: Traffic?
    }

    struct Policy: Decodable {
        let name: String
        let hits: Count
    }

    let traffic: Traffic?
    let listeners: [Listener]?
    let policies: [Policy]?
    let backends: [Backend]

    func listener(_ transport: String) -> Traffic? { listeners?.first { $0.listen.hasSuffix(transport) }?.traffic }
}

/// What counters have shown, by name and labels.
private struct Ratchet {
    private(set) var known: [String: Double] = [:]

    /// Of what has left the configuration nothing is shown any more; when it comes back it begins anew.
    mutating func take(_ page: String, _ when: String) {
        let lines = page.split(separator: "\n").filter { $0.hasPrefix("zvnft_") && $0.contains("_total") }
        var next: [String: Double] = [:]
        for line in lines {
            guard let space = line.lastIndex(of: " "), let value = Double(line[line.index(after: space)...]) else { continue }
            let name = String(line[..<space])
            guard ["zvnft_farm_", "zvnft_listener_", "zvnft_backend_"].contains(where: name.hasPrefix) else { continue }
            if let before = known[name] { #expect(value >= before, "\(name) \(when)") }
            next[name] = value
        }
        #expect(!next.isEmpty, "\(when)")
        known = next
    }
}

extension String {
    /// Of the samples of a page that begin so.
    fileprivate func values(of beginning: String) -> [Double] {
        split(separator: "\n").filter { $0.hasPrefix(beginning) }.compactMap { $0.split(separator: " ").last.flatMap { Double($0) } }
    }
}

extension Balancer {
    fileprivate func metrics() throws -> String {
        try Program.succeed(["curl", "-s", "--unix-socket", socket, "http://zvnft/metrics"])
    }

    fileprivate func traffic() throws -> FarmDetail { try ask("farm", "show", "web") }

    fileprivate func restart(after signal: Int32) throws {
        self.signal(signal)
        try eventually("it ends") { daemon?.exitStatus != nil }
        try start()
        try awaitAllUp()
    }
}

extension Lab {
    /// Of 32 octets, from one port.
    fileprivate func sendDatagrams(_ count: Int, to address: String, port: Int) throws {
        let program = """
            import socket
            sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            for number in range(\(count)): sender.sendto(b"x" * 32, ("\(address)", \(port)))
            """
        try at("client", ["python3", "-c", program])
    }
}
