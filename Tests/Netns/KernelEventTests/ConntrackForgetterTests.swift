import NetTypes
import Seams
import TestNamespaces
import Testing

@testable import KernelEvents

/// A connection tracking table with entries that the `conntrack` program puts there.
private struct Table {
    let namespace: Namespace
    let forgetter: ConntrackForgetter

    init() throws {
        namespace = try Namespace()
        forgetter = try namespace.inside { try ConntrackForgetter() }
    }

    /// `from` is the client's port and tells entries apart.
    func add(tcp state: String, from port: Int, to backend: String, status: String = "") throws {
        try add("tcp", port, backend, "--state \(state)", status)
    }
    func add(udpFrom port: Int, to backend: String, status: String = "") throws { try add("udp", port, backend, "", status) }

    private func add(_ transport: String, _ port: Int, _ backend: String, _ state: String, _ status: String) throws {
        let (client, vip) = backend.hasPrefix("[") ? ("2001:db8::1", "2001:db8::80") : ("192.0.2.1", "192.0.2.80")
        let flags = status.isEmpty ? "" : "-u \(status)"
        let tuple = "-p \(transport) -s \(client) -d \(vip) --sport \(port) --dport 80"
        try namespace.run("conntrack -I \(tuple) -t 300 \(state) \(flags) --dst-nat \(backend)")
    }

    /// The clients' ports of what is left.
    func ports() throws -> Set<Int> {
        let lines = try ["ipv4", "ipv6"].map { try namespace.run("conntrack -L -f \($0)") }.joined().split(separator: "\n")
        return Set(
            lines.compactMap { line in
                line.split(separator: " ").first { $0.hasPrefix("sport=") }.flatMap { Int($0.dropFirst(6)) }
            })
    }
}

@Suite struct ConntrackForgetterTests {
    private let backends = ["10.1.0.1:8080", "[fd00:1::1]:8080"]

    @Test(arguments: ["10.1.0.1:8080", "[fd00:1::1]:8080"])
    func halfOpenConnectionsAreForgottenAndOthersKept(backend: String) throws {
        let table = try Table()
        let target = try #require(Endpoint(backend))
        let other = backend.hasPrefix("[") ? "[fd00:1::2]:8080" : "10.1.0.2:8080"
        let otherPort = backend.replacingPort(8081)
        try table.add(tcp: "SYN_SENT", from: 1001, to: backend)
        try table.add(tcp: "SYN_RECV", from: 1002, to: backend, status: "SEEN_REPLY")
        try table.add(tcp: "ESTABLISHED", from: 2001, to: backend, status: "SEEN_REPLY,ASSURED")
        try table.add(tcp: "ESTABLISHED", from: 2002, to: backend, status: "SEEN_REPLY")
        try table.add(tcp: "TIME_WAIT", from: 2003, to: backend, status: "SEEN_REPLY,ASSURED")
        try table.add(tcp: "SYN_SENT", from: 2004, to: other)
        try table.add(tcp: "SYN_SENT", from: 2005, to: otherPort)
        try table.add(udpFrom: 2006, to: backend)
        #expect(try table.forgetter.forgetUnanswered([DeadBackend(address: target.address, port: target.port, transport: .tcp)]) == 2)
        #expect(try table.ports() == [2001, 2002, 2003, 2004, 2005, 2006])
        #expect(try table.forgetter.forgetUnanswered([DeadBackend(address: target.address, port: nil, transport: .tcp)]) == 1)
        #expect(try table.ports() == [2001, 2002, 2003, 2004, 2006])
    }

    /// Another farm may have the same server, and think otherwise of it.
    @Test(arguments: [(80, 80, 0), (80, 80, 1), (81, 443, 0)]) func connectionsByAnotherEntranceAreKept(
        first: Int, last: Int, isElsewhere: Int
    ) throws {
        let table = try Table()
        try table.add(tcp: "SYN_SENT", from: 1001, to: "10.1.0.1:8080")
        let range = try #require(PortRange(UInt16(first), UInt16(last)))
        let entrance = DeadBackend.Entrance(address: IPAddress(v4: 0xC000_0250 + UInt32(isElsewhere)), ports: [range])
        let dead = DeadBackend(address: IPAddress(v4: 0x0A01_0001), port: 8080, transport: .tcp, by: entrance)
        #expect(try table.forgetter.forgetUnanswered([dead]) == (first == 80 && isElsewhere == 0 ? 1 : 0))
    }

    @Test(arguments: ["10.1.0.1:53", "[fd00:1::1]:53"])
    func udpEntriesAreForgottenAnsweredOrNot(backend: String) throws {
        let table = try Table()
        let target = try #require(Endpoint(backend))
        try table.add(udpFrom: 1001, to: backend)
        try table.add(udpFrom: 1002, to: backend, status: "SEEN_REPLY,ASSURED")
        try table.add(udpFrom: 2001, to: backend.replacingPort(54))
        try table.add(tcp: "SYN_SENT", from: 2002, to: backend)
        #expect(try table.forgetter.forgetUnanswered([DeadBackend(address: target.address, port: target.port, transport: .udp)]) == 2)
        #expect(try table.ports() == [2001, 2002])
    }

    @Test func connectionThatWasNotTranslatedIsKept() throws {
        let table = try Table()
        try table.namespace.run("conntrack -I -p tcp -s 192.0.2.1 -d 10.1.0.1 --sport 2001 --dport 8080 -t 300 --state SYN_SENT")
        #expect(
            try table.forgetter.forgetUnanswered([DeadBackend(address: try #require(IPAddress("10.1.0.1")), port: 8080, transport: .tcp)])
                == 0)
        #expect(try table.ports() == [2001])
    }

    @Test func entryOfAZoneIsForgottenInItsZone() throws {
        let table = try Table()
        let tuple = "-p tcp -s 192.0.2.1 -d 192.0.2.80 --sport 1001 --dport 80"
        try table.namespace.run("conntrack -I \(tuple) -t 300 --zone 7 --dst-nat 10.1.0.1:8080 --state SYN_SENT")
        #expect(
            try table.forgetter.forgetUnanswered([DeadBackend(address: try #require(IPAddress("10.1.0.1")), port: 8080, transport: .tcp)])
                == 1)
        #expect(try table.ports().isEmpty)
    }

    @Test func moreEntriesThanFitIntoOneExchangeAreForgotten() throws {
        let table = try Table()
        for port in 1000..<1300 { try table.add(udpFrom: port, to: "10.1.0.1:53") }
        try table.add(udpFrom: 2001, to: "10.1.0.2:53")
        #expect(
            try table.forgetter.forgetUnanswered([DeadBackend(address: try #require(IPAddress("10.1.0.1")), port: 53, transport: .udp)])
                == 300)
        #expect(try table.ports() == [2001])
    }

    @Test func countsAreByListenerAndBackendWithoutEndedConnections() throws {
        let table = try Table()
        for (index, backend) in backends.enumerated() {
            try table.add(tcp: "ESTABLISHED", from: 1000 + index, to: backend, status: "SEEN_REPLY,ASSURED")
            try table.add(tcp: "SYN_SENT", from: 1100 + index, to: backend)
            try table.add(tcp: "TIME_WAIT", from: 1200 + index, to: backend, status: "SEEN_REPLY,ASSURED")
            try table.add(udpFrom: 1300 + index, to: backend)
        }
        let direct = "-p tcp -s 192.0.2.1 -d 10.1.0.1 --sport 2001 --dport 8080"
        try table.namespace.run("conntrack -I \(direct) -t 300 --state ESTABLISHED -u SEEN_REPLY")
        var expected: [ConnectionTarget: Int] = [:]
        for backend in backends {
            let listener = try #require(Endpoint(backend.hasPrefix("[") ? "[2001:db8::80]:80" : "192.0.2.80:80"))
            let endpoint = try #require(Endpoint(backend))
            expected[ConnectionTarget(listener: listener, endpoint: endpoint, transport: .tcp)] = 2
            expected[ConnectionTarget(listener: listener, endpoint: endpoint, transport: .udp)] = 1
        }
        #expect(try table.forgetter.counts() == expected)
    }

    /// As for a kernel that ignores the filter: the same entries, chosen by us alone.
    @Test func whatTheKernelLeavesOutWeLeaveOutToo() throws {
        let table = try Table()
        try table.add(tcp: "SYN_SENT", from: 1001, to: "10.1.0.1:8080")
        try table.add(tcp: "ESTABLISHED", from: 2001, to: "10.1.0.1:8080", status: "SEEN_REPLY,ASSURED")
        try table.add(tcp: "SYN_SENT", from: 2002, to: "10.1.0.2:8080")
        try table.add(udpFrom: 2003, to: "10.1.0.1:8080")
        let selection = ConntrackSelection(backend: DeadBackend(address: try #require(IPAddress("10.1.0.1")), port: 8080, transport: .tcp))
        let (narrowed, whole, chosen) = try table.namespace.inside {
            let socket = try NetlinkSocket.forRequests(12)
            var (narrowed, whole, chosen) = (0, 0, 0)
            try socket.ask(selection.unansweredDump(), to: "dump") { _ in narrowed += 1 }
            try socket.ask(ConntrackSelection.dump(family: .ipv4), to: "dump") { message in
                whole += 1
                if let entry = ConntrackEntry(message), selection.containsUnanswered(entry) { chosen += 1 }
            }
            return (narrowed, whole, chosen)
        }
        #expect((narrowed, whole, chosen) == (1, 4, 1))
    }
}

extension String {
    fileprivate func replacingPort(_ port: Int) -> String { prefix(through: lastIndex(of: ":") ?? startIndex) + "\(port)" }
}
