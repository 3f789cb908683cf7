import Glibc
import NetTypes
import Seams
import TestNamespaces
import Testing

@testable import KernelEvents

/// A host whose own connections to two addresses are translated to two servers on it.
private struct Host {
    static let listener = "192.0.2.80", stranger = "192.0.2.81", server = "10.9.0.1", listener6 = "2001:db8::80", server6 = "fd00:9::1"
    let namespace: Namespace
    let ledger: ConntrackLedger

    init(receiveBytes: Int = 8 << 20) throws {
        namespace = try Namespace()
        for address in ["192.0.2.80/32", "192.0.2.81/32", "10.9.0.1/32", "2001:db8::80/128", "fd00:9::1/128"] {
            try namespace.run("ip addr add \(address) dev lo")
        }
        try namespace.run("nft -f -", input: Self.ruleset)
        ledger = try namespace.inside { try ConntrackLedger(receiveBytes: receiveBytes) }
    }

    private static let ruleset = """
        table inet zk {
            chain out {
                type nat hook output priority -100
                ip daddr { \(listener), \(stranger) } tcp dport 80 dnat ip to \(server):8080
                ip daddr \(listener) udp dport 53 dnat ip to \(server):5353
                ip6 daddr \(listener6) tcp dport 80 dnat ip6 to [\(server6)]:8080
            }
        }

        """

    func follow(_ addresses: String...) throws { try ledger.follow(Set(addresses.compactMap { IPAddress($0) })) }

    /// Adds up readings until what is open is `live`, and returns what began until then.
    @discardableResult
    func wait(_ target: ConnectionTarget, live: Int, within seconds: Int = 10) throws -> Int {
        var (opened, last) = (0, nil as Int?)
        for _ in 0..<(seconds * 200) {
            if let reading = try ledger.reading() {
                let tally = reading[target] ?? ConnectionTally()
                (opened, last) = (opened + tally.opened, tally.live)
                if last == live { return opened }
            }
            usleep(5_000)
        }
        throw TestFault("\(target) has \(last.map(String.init) ?? "an unknown number of") connections instead of \(live); \(ledger.effort)")
    }
}

private func tcp(_ listener: String = Host.listener, _ server: String = Host.server) throws -> ConnectionTarget {
    ConnectionTarget(
        listener: Endpoint(address: try #require(IPAddress(listener)), port: 80),
        endpoint: Endpoint(address: try #require(IPAddress(server)), port: 8080), transport: .tcp)
}

@Suite struct ConntrackLedgerTests {
    @Test(arguments: [(Host.listener, Host.server), (Host.listener6, Host.server6)])
    func connectionsCountFromTheirFirstPacketUntilBothSidesHaveClosed(listener: String, server: String) throws {
        let host = try Host()
        let (target, sockets) = (try tcp(listener, server), try TCPService(host.namespace, at: server))
        try host.follow(listener)
        try host.wait(target, live: 0)
        try sockets.connect(to: listener, count: 40)
        #expect(try host.wait(target, live: 40) == 40)
        sockets.closeClients(10)
        usleep(300_000)
        try host.wait(target, live: 40, within: 1)
        sockets.closeServers(10)
        #expect(try host.wait(target, live: 30) == 0)
        sockets.resetClients(10)
        try host.wait(target, live: 20)
        let table = try host.namespace.run("conntrack -C")
        #expect(Int(table.prefix { $0.isNumber }) ?? 0 >= 30, "ended connections are still in the table: \(table)")
    }

    @Test func connectionsThatAreOlderThanOurListeningAreFoundAndTheirEndToo() throws {
        let host = try Host()
        let sockets = try TCPService(host.namespace, at: Host.server)
        try sockets.connect(to: Host.listener, count: 20)
        try host.follow(Host.listener)
        #expect(try host.wait(try tcp(), live: 20) == 0, "they did not begin now")
        sockets.resetClients(5)
        try host.wait(try tcp(), live: 15)
        try sockets.connect(to: Host.listener, count: 3)
        #expect(try host.wait(try tcp(), live: 18) == 3)
    }

    @Test func nobodyElsesConnectionsAreCounted() throws {
        let host = try Host()
        let sockets = try TCPService(host.namespace, at: Host.server)
        try host.follow(Host.listener)
        try sockets.connect(to: Host.stranger, count: 5)
        try sockets.connect(to: Host.server, port: 8080, count: 5)
        try sockets.connect(to: Host.listener, count: 1)
        try host.wait(try tcp(), live: 1)
        #expect(try host.ledger.reading()?.keys.map(\.listener.address.description) == [Host.listener])
        try host.follow(Host.listener, Host.stranger)
        try host.wait(try tcp(Host.stranger), live: 5)
        try host.wait(try tcp(), live: 1)
        try host.follow(Host.stranger)
        try host.wait(try tcp(Host.stranger), live: 5)
        #expect(try host.ledger.reading()?.keys.map(\.listener.address.description) == [Host.stranger])
    }

    @Test func entriesThatAreDeletedHaveEnded() throws {
        let host = try Host()
        let target = ConnectionTarget(
            listener: try #require(Endpoint("\(Host.listener):53")), endpoint: try #require(Endpoint("\(Host.server):5353")),
            transport: .udp)
        try host.follow(Host.listener)
        try host.wait(target, live: 0)
        try host.namespace.inside { try sendDatagrams(to: Host.listener, count: 7) }
        #expect(try host.wait(target, live: 7) == 7)
        try host.namespace.run("conntrack -D -p udp")
        try host.wait(target, live: 0)
    }

    @Test func lostNoticesAreMadeUpForByReadingTheTable() throws {
        let host = try Host(receiveBytes: 4096)
        let sockets = try TCPService(host.namespace, at: Host.server)
        try host.follow(Host.listener)
        try host.wait(try tcp(), live: 0)
        try sockets.connect(to: Host.listener, count: 300)
        sockets.resetClients(100)
        try host.wait(try tcp(), live: 200)
        #expect(host.ledger.effort.losses > 0, "\(host.ledger.effort)")
        sockets.resetClients(200)
        try host.wait(try tcp(), live: 0)
    }

    @Test func noNoticeIsAskedForWhileNobodyWantsToKnow() throws {
        let host = try Host()
        let sockets = try TCPService(host.namespace, at: Host.server)
        #expect(try host.ledger.reading() == nil)
        try host.follow(Host.listener)
        try sockets.connect(to: Host.listener, count: 4)
        try host.wait(try tcp(), live: 4)
        try host.follow()
        #expect(try host.ledger.reading() == nil)
        let before = host.ledger.effort
        try sockets.connect(to: Host.listener, count: 10)
        usleep(1_500_000)
        #expect(host.ledger.effort == before)
        try host.follow(Host.listener)
        try host.wait(try tcp(), live: 14)
    }

    @Test func theTableIsReadSeldomWhileNoticesTellEverything() throws {
        let host = try Host()
        let sockets = try TCPService(host.namespace, at: Host.server)
        try host.follow(Host.listener)
        try host.wait(try tcp(), live: 0)
        for _ in 0..<20 {
            try sockets.connect(to: Host.listener, count: 5)
            sockets.resetClients(5)
            usleep(200_000)
        }
        try host.wait(try tcp(), live: 0)
        #expect(host.ledger.effort.notices >= 200)
        #expect((2...4).contains(host.ledger.effort.walks), "\(host.ledger.effort)")
    }

    /// As where `nf_conntrack_events` is 0: it takes a second longer, and nothing is wrong.
    @Test func aKernelThatAnnouncesNothingIsReadMoreOften() throws {
        let host = try Host()
        try host.namespace.run("sysctl -w net.netfilter.nf_conntrack_events=0")
        let sockets = try TCPService(host.namespace, at: Host.server)
        try host.follow(Host.listener)
        try host.wait(try tcp(), live: 0)
        var opened = 0
        for live in [10, 20, 30] {
            try sockets.connect(to: Host.listener, count: 10)
            opened += try host.wait(try tcp(), live: live)
        }
        #expect(opened == 30)
        sockets.resetClients(25)
        try host.wait(try tcp(), live: 5)
    }
}

@Suite struct WalkRhythmTests {
    @Test func walksAreSeldomWhileTheyFindNothing() {
        var rhythm = WalkRhythm()
        for _ in 0..<3 { rhythm.walked(for: .milliseconds(5), unnoticed: 2, of: 100) }
        #expect(rhythm.pause == .seconds(8))
        rhythm.walked(for: .milliseconds(5), unnoticed: 3, of: 100)
        #expect(rhythm.pause == .seconds(4))
        for _ in 0..<10 { rhythm.walked(for: .milliseconds(5), unnoticed: 0, of: 0) }
        #expect(rhythm.pause == .seconds(60))
    }

    @Test func walksTakeATwentiethOfTheTime() {
        var rhythm = WalkRhythm()
        rhythm.walked(for: .milliseconds(300), unnoticed: 50, of: 100)
        #expect(rhythm.pause == .milliseconds(5_700))
        #expect(rhythm.pauseWhenLost == .milliseconds(900))
    }
}
