import Glibc
import NetTypes
import TestNamespaces
import Testing

/// Replies that conntrack cannot place are dropped before they do harm.
@Suite(.serialized) struct GuardTests {
    private static let vip = "203.0.113.10:80"

    /// conntrack takes packets from the middle of a connection for new ones, and the balancer is in the middle of many after a flush.
    @Test(arguments: ["dnat", "snat"])
    func aConnectionOutlivesTheLossOfConntracksMemory(_ mode: String) throws {
        let network = try Network()
        let server = try network.listen("10.0.1.11:8080")[0]
        try network.serve(WebFarm(mode: mode).text)
        let socket = try network.connect(from: "192.0.2.1", to: Self.vip).open[0]
        let served = try server.accepted()
        try socket.send("before")
        #expect(try served.receive() == "before")
        try network.forgetConnections()
        try served.send("meanwhile")
        #expect(try socket.receive(within: 300) == nil, "nobody knows yet whose it is")
        #expect(try network.counted("conduct", "ct state new", "drop") >= 1)
        try socket.send("after")
        #expect(try served.receive() == "after")
        #expect(try socket.receive() == "meanwhile", "sent again")
    }

    /// Strict hosts do not take up connections in their middle: these stay lost, but nobody is told nonsense.
    @Test func invalidRepliesGoNoFurther() throws {
        let network = try Network()
        let server = try network.listen("10.0.1.11:8080")[0]
        try network.serve(WebFarm().text)
        try network.balancer.inside { try Shell.run("sysctl -qw net.netfilter.nf_conntrack_tcp_loose=0") }
        let socket = try network.connect(from: "192.0.2.1", to: Self.vip).open[0]
        let served = try server.accepted()
        try network.forgetConnections()
        try served.send("lost")
        #expect(try socket.receive(within: 300) == nil)
        #expect(!served.isReset(within: 300), "a client that gets a reply from a stranger resets it")
        #expect(try network.counted("conduct", "ct state invalid", "drop") >= 1)
    }

    @Test func backendsMayBeginConnectionsOfTheirOwn() throws {
        let network = try Network()
        let waiting = try network.listen("192.0.2.1:9000", in: network.client)
        try network.serve(WebFarm().text)
        let socket = try network.server.inside {
            let socket = try Socket(.ipv4, .tcp)
            try socket.bind(to: Endpoint(address: IPAddress(v4: 0x0A00_010B), port: 8080))
            _ = Endpoint(address: IPAddress(v4: 0xC000_0201), port: 9000).withAddress { connect(socket.descriptor, $0, $1) }
            return socket
        }
        #expect(socket.attempt == .connected)
        withExtendedLifetime(waiting) {}
    }

    @Test func udpBackendsMaySpeakFirst() throws {
        let network = try Network()
        let waiting = try network.listen("192.0.2.1:5060", in: network.client, .udp)
        let server = try network.listen("10.0.1.11:8080", transport: .udp)[0]
        try network.serve(WebFarm(transport: "udp").text)
        try server.send("hello", to: Endpoint(address: IPAddress(v4: 0xC000_0201), port: 5060))
        #expect(try waiting.receive() == "hello")
    }

    @Test func aHostWithoutTrackedFarmsHasNoGuards() throws {
        let network = try Network()
        try network.serve(
            WebFarm(mode: "dsr").text + "\n---\n" + WebFarm(name: "other", listen: "203.0.113.11:80/tcp", mode: "stateless").text)
        #expect(network.ruleset[.inet]?.chain("conduct") == nil)
    }
}
