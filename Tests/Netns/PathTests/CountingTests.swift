import Glibc
import NetTypes
import NetfilterDriver
import TestNamespaces
import Testing

/// What the kernel's elements count of packets whose number is known: each once, whichever way it takes through the rules.
@Suite(.serialized) struct CountingTests {
    private static let source = "192.0.2.1", vip = "203.0.113.10"

    /// SYNs from ports of their own, and other segments behind them.
    private static func segments(_ opening: UInt16, _ others: UInt16, to target: String, from first: UInt16 = 20_000) throws -> [Frame] {
        let flags = Array(repeating: TCPFlagsOfFrame.syn, count: Int(opening)) + Array(repeating: .ack, count: Int(others))
        return try flags.enumerated().map { index, flags in
            try #require(Frame("\(source):\(first + UInt16(index) % opening)", to: target, flags))
        }
    }

    private static func datagrams(_ count: UInt16, to target: String) throws -> [Frame] {
        try (0..<count).map {
            var frame = try #require(Frame("\(source):\(30_000 + $0)", to: target))
            frame.transport = .udp
            return frame
        }
    }

    /// Ways of packets between dispatch and backend.
    private enum Way: String, CaseIterable {
        case plain = ""
        case scheduled = "scheduler: round-robin"
        case drawn = "scheduler: random"
        case guarded = "policies: [{ name: known, action: accept, sources: [192.0.2.0/24] }]"
        case limited = "limits: { newConnections: { rate: 1000/s, burst: 1000 }, tcpStrict: true }"
        case remembered = "persistence: { key: [sourceAddress], timeout: 1m }"
        /// By a selection that is not the one asked before the dispatch.
        case dispatched = "hash: [sourceAddress]"

        /// Of modes that schedule each packet anew.
        static let direct = [plain, guarded, limited, dispatched]
    }

    /// Farms that count nothing, at addresses of their own.
    private static func others(_ mode: String, _ numbers: ClosedRange<Int>) -> String {
        numbers.map { number in
            let port = mode == "dsr" ? "" : ", port: \(8000 + number)"
            let backends = "[{ name: b1, address: 10.0.1.11\(port) }]"
            return "\n---\n" + WebFarm(name: "other\(number)", listen: "203.0.113.\(number):80/tcp", mode: mode, backends: backends).text
        }.joined()
    }

    @Test(arguments: ["dsr", "stateless"], Way.direct)
    private func eachPacketIsCountedOnceWithoutConntrack(_ mode: String, _ way: Way) throws {
        let network = try Network()
        let farm = WebFarm(mode: mode, more: "counters: traffic\n\(way.rawValue)").text
        try network.serve(farm + Self.others(mode, way == .dispatched ? 11...14 : 11...11))
        try network.send(try Self.segments(3, 10, to: "\(Self.vip):80") + Self.segments(5, 0, to: "203.0.113.11:80", from: 25_000))
        try network.expect(13, in: "requests4", .netdev)
        try network.expect(3, in: "connections4", .netdev)
        #expect(try network.bytes(in: "requests4", .netdev) == 13 * 40)
        guard mode == "stateless" else { return }
        // Nobody listens: each is reset.
        try network.expect(13, in: "stateless-replies4", .inet)
    }

    @Test(arguments: ["dnat", "snat"], Way.allCases)
    private func eachPacketIsCountedOnceWithConntrack(_ mode: String, _ way: Way) throws {
        let network = try Network()
        // A stateless farm in the same table has sets of its own.
        let stateless = WebFarm(
            name: "stateless", listen: "203.0.113.12:80/tcp", mode: "stateless", backends: "[{ name: b1, address: 10.0.1.12, port: 8080 }]",
            more: "counters: traffic")
        let farms = WebFarm(mode: mode, more: "counters: traffic\n\(way.rawValue)").text + Self.others(mode, 11...11)
        try network.serve(farms + "\n---\n" + stateless.text)
        try network.send(try Self.segments(3, 0, to: "\(Self.vip):80") + Self.segments(5, 0, to: "203.0.113.11:80", from: 25_000))
        try network.expect(3, in: "connections4", .inet)
        try network.expect(3, in: "requests4", .inet)
        try network.expect(3, in: "tracked-replies4", .inet)
        #expect(try network.bytes(in: "requests4", .inet) == 3 * 40)
        try network.send(try Self.segments(4, 0, to: "203.0.113.12:80"))
        try network.expect(4, in: "requests4", .netdev)
        try network.expect(4, in: "stateless-replies4", .inet)
        try network.expect(3, in: "tracked-replies4", .inet)
    }

    @Test(arguments: ["dnat", "snat", "dsr"])
    func allOfAnAddressIsCountedAndItsPortsApart(_ mode: String) throws {
        let network = try Network()
        let (table, isDirect) = (mode == "dsr" ? "netdev" : "inet", mode == "dsr")
        let other = WebFarm(
            name: "port", listen: "\(Self.vip):80/tcp", mode: mode,
            backends: "[{ name: b1, address: 10.0.1.12\(isDirect ? "" : ", port: 8080") }]", more: "counters: traffic")
        let host = """
            farm: host
            listen: [{ address: \(Self.vip), protocol: all }]
            mode: \(mode)
            backends: [{ name: b1, address: 10.0.1.11 }]
            health: { type: none }
            counters: traffic
            """
        try network.serve(isDirect ? host : host + "\n---\n" + other.text)
        try network.send(try Self.segments(4, 0, to: "\(Self.vip):81") + Self.datagrams(7, to: "\(Self.vip):53"))
        try network.send(try Self.segments(2, 0, to: "\(Self.vip):80", from: 26_000))
        let family: TableOfSet = table == "inet" ? .inet : .netdev
        try network.expect(isDirect ? 13 : 11, in: "requests-all4", family)
        try network.expect(isDirect ? 6 : 11, in: "connections-all4", family)
        guard !isDirect else { return }
        try network.expect(2, in: "requests4", family)
        // Resets, and what ICMP says of closed ports: of that conntrack tells no listener's packet.
        #expect(try network.packets(in: "tracked-replies-all4", family) >= 4)
    }

    /// The network's and the host's own, which go through the hooks of both ways out and in.
    @Test func localConnectionsAreCountedOnce() throws {
        let network = try Network()
        try network.giveBalancer(Self.vip)
        let servers = try network.listenOnBalancer("10.0.1.254:8080")
        let backends = "[{ name: b1, address: 10.0.1.254, port: 8080 }]"
        try network.serve(WebFarm(mode: "local", backends: backends, more: "counters: traffic").text)
        let open = try network.connect(4, from: Self.source, to: "\(Self.vip):80").open
        try network.expect(4, in: "connections4", .inet)
        let own = try (0..<3).map { _ in try network.open(from: "10.0.1.254", to: "\(Self.vip):80", in: network.balancer) }
        try network.expect(7, in: "connections4", .inet)
        // SYN and ACK; SYN-ACK.
        try network.expect(14, in: "requests4", .inet)
        try network.expect(7, in: "tracked-replies4", .inet)
        withExtendedLifetime((servers, open, own)) {}
    }

    @Test(arguments: ["dnat", "snat"])
    func connectionsBehindASYNProxyAreCountedOnceAndForgedOnesNot(_ mode: String) throws {
        let network = try Network()
        try network.giveBalancer(Self.vip)
        let servers = try network.listen("10.0.1.11:8080")
        try network.serve(WebFarm(mode: mode, more: "limits: { synProxy: true }\ncounters: traffic").text)
        try network.send(try Self.segments(50, 0, to: "\(Self.vip):80"))
        let attempt = try network.connect(5, from: "192.0.2.2", to: "\(Self.vip):80")
        #expect(attempt.attempts == Array(repeating: .connected, count: 5))
        try network.expect(5, in: "connections4", .inet)
        #expect(try network.packets(in: "tracked-replies4", .inet) >= 5)
        for socket in attempt.open { try socket.send("x") }
        for _ in 0..<5 { #expect(try servers[0].accepted().receive() == "x") }
        #expect(try network.packets(in: "requests4", .inet) >= 5)
    }

    @Test(arguments: ["dnat", "dsr"]) func policiesCountForEachListener(_ mode: String) throws {
        let network = try Network()
        let policies = "policies: [{ name: bad, action: drop, sources: [192.0.2.0/24] }]\ncounters: connections"
        let ranges = "203.0.113.10:6000-6010/udp"
        try network.serve(
            WebFarm(mode: mode, more: policies).text + "\n---\n" + WebFarm(name: "range", listen: ranges, mode: mode, more: policies).text)
        try network.send(try Self.segments(3, 0, to: "\(Self.vip):80") + Self.datagrams(4, to: "\(Self.vip):6003"))
        let table: TableOfSet = mode == "dnat" ? .inet : .netdev
        try network.expect(3, in: "hits4-", table)
        try network.expect(4, in: "hits-ranges4-", table)
    }

    @Test func associationsAreCounted() throws {
        let network = try Network()
        let backend = "[{ name: b1, address: 10.0.1.11, port: 3868 }]"
        try network.serve(WebFarm(listen: "\(Self.vip):3868/sctp", backends: backend, more: "counters: traffic").text)
        let client = try network.client.inside { try SCTPSocket(at: try #require(IPAddress(Self.source))) }
        for port in UInt16(41000)..<41004 {
            try client.send(
                SCTPPacket(.initiation, from: port, to: 3868, tag: 0, SCTPPacket.offer(tag: 7)), to: try #require(IPAddress(Self.vip)))
        }
        try network.expect(4, in: "connections4", .inet)
        try network.expect(4, in: "requests4", .inet)
    }
}

private enum TableOfSet: String { case inet, netdev }

extension Network {
    /// Of the elements of all sets of that name (or with it in front, if it ends in a dash) in that table.
    private func tally(_ name: String, _ table: TableOfSet) throws -> (packets: UInt64, bytes: UInt64) {
        let sets = ruleset.tables.filter { "\($0.family)" == table.rawValue }.flatMap { table in
            table.sets.filter { $0.name == name || name.hasSuffix("-") && $0.name.hasPrefix(name) }.map { (table.family, $0) }
        }
        guard !sets.isEmpty else { throw TestFault("no set is named \(name)") }
        return try balancer.inside {
            let driver = try NetfilterDriver()
            return try sets.reduce((0, 0)) { sum, set in
                let counters = try driver.elementCounters(of: set.1.name, in: set.0, type: set.1.type)
                return counters.values.reduce(sum) { ($0.0 + $1.packets, $0.1 + $1.bytes) }
            }
        }
    }

    fileprivate func packets(in name: String, _ table: TableOfSet) throws -> UInt64 { try tally(name, table).packets }
    fileprivate func bytes(in name: String, _ table: TableOfSet) throws -> UInt64 { try tally(name, table).bytes }

    /// Packets are on their way for a moment; what comes too much comes then, too.
    fileprivate func expect(_ count: UInt64, in name: String, _ table: TableOfSet) throws {
        for _ in 0..<100 where try packets(in: name, table) < count { usleep(20_000) }
        #expect(try packets(in: name, table) == count, "\(name)")
    }
}
