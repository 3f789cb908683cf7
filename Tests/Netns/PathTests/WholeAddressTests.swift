import Glibc
import NetTypes
import TestNamespaces
import Testing

/// Listeners of protocol all, with real hosts behind them.
@Suite(.serialized) struct WholeAddressTests {
    private static func farm(_ mode: String, _ family: AddressFamily) -> String {
        let (listener, backend) = family == .ipv4 ? ("203.0.113.10", "10.0.1.11") : ("2001:db8::10", "fd00:1::11")
        return """
            farm: host
            listen: [{ address: "\(listener)", protocol: all }]
            mode: \(mode)
            backends: [{ name: b1, address: "\(backend)" }]
            health: { type: none }
            """
    }

    @Test(arguments: ["dnat", "snat", "dsr"], [AddressFamily.ipv4, .ipv6])
    func everyProtocolReachesTheBackendAndComesBack(_ mode: String, _ family: AddressFamily) throws {
        let network = try Network()
        if family == .ipv6 { try Shell.run("ip -n \(network.server.name) addr add 2001:db8::10/128 dev lo nodad") }
        try network.serve(Self.farm(mode, family))
        let isDirect = mode == "dsr"
        let (source, target) = family == .ipv4 ? ("192.0.2.1", "203.0.113.10") : ("2001:db8:2::1", "[2001:db8::10]")
        let own = isDirect ? target : family == .ipv4 ? "10.0.1.11" : "[fd00:1::11]"
        let servers = try network.listen("\(own):80", "\(own):65535")
        for (port, server) in zip([80, 65535], servers) {
            let attempt = try network.connect(from: source, to: "\(target):\(port)")
            #expect(attempt.attempts == [.connected], "port \(port)")
            let (client, peer) = (try #require(attempt.open.first), try server.accepted())
            try peer.send("hello")
            #expect(try client.receive() == "hello")
        }
        let listener = try network.listen("\(own):7", in: network.server, .udp)
        let datagrams = try network.open(from: source, to: "\(target):7", .udp)
        try datagrams.send("ping")
        #expect(try listener.receive() == "ping")
        #expect(try network.echoes(from: source, to: target.trimmed, family))
        // The backend's kernel answers pings; of other protocols each packet is looked at by hand.
        try expectTunnels(network, from: source, to: target.trimmed, at: own.trimmed)
    }

    /// GRE (47) and ESP (50): the bytes of a packet, from and to where they should be.
    private func expectTunnels(_ network: Network, from source: String, to target: String, at own: String) throws {
        for number in [Int32(47), 50] {
            let server = try network.server.inside { try RawIPSocket(number, at: own) }
            let client = try network.client.inside { try RawIPSocket(number, at: source) }
            let (request, answer) = ([0, 0, 8, 0, 1, 2, 3, 4, 5, 6, 7, 8] as [UInt8], [0, 0, 8, 0, 8, 7, 6, 5, 4, 3, 2, 1] as [UInt8])
            try client.send(request, to: target)
            let came = try #require(try server.receive(), "protocol \(number) has not come")
            #expect(came.octets == request)
            try server.send(answer, to: came.from)
            let back = try #require(try client.receive(), "protocol \(number) has not come back")
            #expect(back.octets == answer && back.from == target)
        }
    }

    @Test func aFarmThatHasThePortComesFirst() throws {
        let network = try Network()
        try network.serve(Self.farm("dnat", .ipv4) + "\n---\n" + WebFarm(backends: "[{ name: b1, address: 10.0.1.12, port: 8080 }]").text)
        let servers = try network.listen("10.0.1.12:8080", "10.0.1.11:81")
        #expect(try network.connect(from: "192.0.2.1", to: "203.0.113.10:80").attempts == [.connected])
        _ = try servers[0].accepted()
        #expect(try network.connect(from: "192.0.2.1", to: "203.0.113.10:81").attempts == [.connected])
        _ = try servers[1].accepted()
    }

    /// An address on the balancer's link is asked for by its neighbours: that must not be sent on.
    @Test func neighboursAreStillFoundWhereDSRTakesAll() throws {
        let network = try Network()
        try Shell.run("ip -n \(network.balancer.name) addr add 2001:db8:2::10/64 dev front nodad")
        try Shell.run("ip -n \(network.server.name) addr add 2001:db8:2::10/128 dev lo nodad")
        try network.serve(Self.farm("dsr", .ipv6).replacing("2001:db8::10", with: "2001:db8:2::10"))
        try network.client.inside { try Shell.run("ip -6 neigh flush dev c0") }
        #expect(try network.echoes(from: "2001:db8:2::1", to: "2001:db8:2::10", .ipv6))
        // A neighbour that is in doubt is asked directly, at the very address.
        let check = "ip -6 neigh change 2001:db8:2::10 dev c0 nud delay; sleep 7; ip -6 neigh show 2001:db8:2::10 dev c0"
        let state = try network.client.inside { try Shell.run(check) }
        #expect(state.contains("REACHABLE") || state.contains("STALE"), "\(state)")
    }
}

extension String {
    /// Without brackets.
    fileprivate var trimmed: String { filter { $0 != "[" && $0 != "]" } }
}

extension Network {
    /// Whether an echo request is answered by the address that it was for.
    fileprivate func echoes(from source: String, to target: String, _ family: AddressFamily) throws -> Bool {
        try client.inside {
            let socket = try RawIPSocket(family == .ipv4 ? 1 : 58, at: source)
            // The kernel computes the checksum of ICMPv6 itself (RFC 3542 § 3.1).
            let request: [UInt8] = (family == .ipv4 ? [8, 0, 0xE4, 0xCD] : [128, 0, 0, 0]) + [0x12, 0x34, 0, 1, 0, 0xFD]
            try socket.send(request, to: target)
            // Other ICMP comes by, too, such as neighbours.
            for _ in 0..<20 {
                guard let answer = try socket.receive() else { return false }
                if answer.octets.first == (family == .ipv4 ? 0 : 129), answer.octets[4...7].elementsEqual([0x12, 0x34, 0, 1]) {
                    return answer.from == target
                }
            }
            return false
        }
    }
}
