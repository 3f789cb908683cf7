import NetTypes
import TestNamespaces
import Testing

/// SCTP with both ends in user space, as the kernel may have none: each verifies the CRC of what comes, and the balancer's conntrack
/// follows the handshake.
@Suite(.serialized) struct SCTPTests {
    private struct Place: Sendable {
        let client, listener, backend, balancer: IPAddress

        init(_ family: AddressFamily) throws {
            func address(_ v4: String, _ v6: String) throws -> IPAddress { try #require(IPAddress(family == .ipv4 ? v4 : v6)) }
            client = try address("192.0.2.1", "2001:db8:2::1")
            listener = try address("203.0.113.10", "2001:db8::10")
            backend = try address("10.0.1.11", "fd00:1::11")
            balancer = try address("10.0.1.254", "fd00:1::fe")
        }
    }

    private static func farm(_ mode: String, _ place: Place) -> String {
        let port = mode == "dsr" ? "" : ", port: 3868"
        // A stateless reply has to tell its listener.
        let ports = mode == "stateless" ? "3868" : "[3868, 5868]"
        return """
            farm: diameter
            listen: [{ address: "\(place.listener)", protocol: sctp, ports: \(ports) }]
            mode: \(mode)
            backends: [{ name: b1, address: "\(place.backend)"\(port) }]
            health: { type: none }
            """
    }

    @Test(arguments: ["dnat", "snat", "stateless", "dsr"], [AddressFamily.ipv4, .ipv6])
    func anAssociationComesAboutAndCarriesData(_ mode: String, _ family: AddressFamily) throws {
        let (network, place) = (try Network(), try Place(family))
        try Shell.run("ip -n \(network.server.name) addr replace \(place.listener) dev lo nodad 2>/dev/null || true")
        try network.serve(Self.farm(mode, place))
        let listeningPort: UInt16 = mode == "stateless" ? 3868 : 5868
        let servedPort: UInt16 = mode == "dsr" ? 5868 : 3868
        let own = mode == "dsr" ? place.listener : place.backend
        let client = try network.client.inside { try SCTPSocket(at: place.client) }
        let server = try network.server.inside { try SCTPSocket(at: own) }
        let seen = mode == "snat" ? place.balancer : place.client

        try client.send(SCTPPacket(.initiation, from: 40001, to: listeningPort, tag: 0, SCTPPacket.offer(tag: 7)), to: place.listener)
        let asked = try #require(try server.receive(), "no INIT has come")
        #expect(asked.from == seen && asked.packet.chunk == .initiation && asked.packet.destination == servedPort)
        let clientPort = asked.packet.source
        #expect(mode == "snat" || clientPort == 40001)

        func answer(_ chunk: SCTPPacket.Chunk, _ value: [UInt8]) throws {
            try server.send(SCTPPacket(chunk, from: servedPort, to: clientPort, tag: 7, value), to: seen)
            let answer = try #require(try client.receive(), "no \(chunk) has come back")
            #expect(answer.from == place.listener && answer.packet.source == listeningPort && answer.packet.destination == 40001)
            #expect(answer.packet.chunk == chunk && answer.packet.value == value)
        }
        func say(_ chunk: SCTPPacket.Chunk, _ value: [UInt8]) throws {
            try client.send(SCTPPacket(chunk, from: 40001, to: listeningPort, tag: 9, value), to: place.listener)
            let heard = try #require(try server.receive(), "no \(chunk) has come")
            #expect(heard.packet.chunk == chunk && heard.packet.value == value && heard.packet.source == clientPort)
        }
        try answer(.initiationAck, SCTPPacket.offer(tag: 9))
        try say(.cookieEcho, [1, 2, 3, 4])
        try answer(.cookieAck, [])
        for length in [1, 2, 3, 4, 1000, 1400] {
            let text = (0..<length).map { UInt8($0 & 255) }
            try say(.data, text)
            try answer(.data, text)
        }
        let listing = "conntrack -L -p sctp -f ipv\(family.rawValue) 2>/dev/null"
        let entries = try network.balancer.inside { try Shell.run(listing) }
        if mode == "dnat" || mode == "snat" {
            #expect(entries.contains(" ESTABLISHED "), "\(entries)")
        } else if mode == "stateless" {
            #expect(entries == "", "neither direction is tracked: \(entries)")
        }
    }

    /// A port that nobody has is not taken for the farm's.
    @Test func otherPortsAndProtocolsPassBy() throws {
        let (network, place) = (try Network(), try Place(.ipv4))
        try network.serve(Self.farm("dnat", place))
        let client = try network.client.inside { try SCTPSocket(at: place.client) }
        let server = try network.server.inside { try SCTPSocket(at: place.backend) }
        try client.send(SCTPPacket(.initiation, from: 40001, to: 3869, tag: 0, SCTPPacket.offer(tag: 7)), to: place.listener)
        #expect(try network.connect(from: "192.0.2.1", to: "203.0.113.10:3868").attempts != [.connected])
        #expect(try server.receive(within: 300) == nil)
    }

    @Test func limitsOfNewAssociationsHold() throws {
        let (network, place) = (try Network(), try Place(.ipv4))
        try network.serve(Self.farm("dnat", place) + "\nlimits: { newConnectionsPerSource: { rate: 1/h, burst: 5 } }")
        let client = try network.client.inside { try SCTPSocket(at: place.client) }
        let server = try network.server.inside { try SCTPSocket(at: place.backend) }
        for port in UInt16(41000)..<41008 {
            try client.send(SCTPPacket(.initiation, from: port, to: 3868, tag: 0, SCTPPacket.offer(tag: 7)), to: place.listener)
        }
        var ports: [UInt16] = []
        while let next = try server.receive(within: 500) { ports.append(next.packet.source) }
        #expect(ports == Array(41000..<41005))
    }
}
