import FarmConfig
import FarmModel
import Glibc
import NetTypes
import RulesetCompiler
import TestNamespaces
import Testing

/// dsr over several devices: which frames are taken, and which way they leave.
@Suite(.serialized) struct SeveralDevicesTests {
    private static let vip = "203.0.113.10:80"

    /// How three links stand beside those of the network: the client's, and two to backends with one MAC.
    enum Links: String, CaseIterable {
        /// Wires of their own.
        case wires
        /// VLANs over the wires that are there.
        case vlans

        /// This kernel's.
        static var known: [Links] {
            get throws {
                let probe = "ip link add v0 type veth peer name v1 && ip link add link v0 name v0.10 type vlan id 10"
                let knowsVLANs = try Namespace().inside { try Shell.attempt(probe).status == 0 }
                return knowsVLANs ? allCases : [.wires]
            }
        }

        func link(_ trunk: String, _ name: String, _ tag: Int, mac: String, peer trunkThere: String, _ there: String, peerMAC: String)
            -> String
        {
            let peer = "\(trunkThere).\(tag)"
            switch self {
            case .wires:
                return "ip -n \(name) link add \(trunk).\(tag) address \(mac) type veth peer name \(peer) address \(peerMAC) netns \(there)"
            case .vlans:
                return """
                    ip -n \(name) link add link \(trunk) name \(trunk).\(tag) type vlan id \(tag)
                    ip -n \(there) link add link \(trunkThere) name \(peer) type vlan id \(tag)
                    """
            }
        }
    }

    @Test func backendsWithOneMACBehindTwoDevicesGetTheirOwnFrames() throws {
        for links in try Links.known {
            let network = try Network()
            let other = try Self.add(links, to: network)
            let farm = WebFarm(mode: "dsr", backends: "[{ name: b1, address: 10.0.10.11 }, { name: b2, address: 10.0.20.12 }]").text
            try network.become(network.balancer.inside { try Self.compiler(farm).ruleset })
            let servers = [try network.listen(Self.vip, in: network.server), try network.listen(Self.vip, in: other)]
            let (attempts, open) = try network.connect(16, from: "192.0.3.1", to: Self.vip)
            #expect(attempts.allSatisfy { $0 == .connected }, "\(links): \(attempts)")
            let accepted = servers.map(\.connections)
            #expect(accepted.allSatisfy { $0 > 0 } && accepted.reduce(0, +) == open.count, "\(links): \(accepted)")
        }
    }

    /// A frame with a tag belongs to the VLAN's own device, where it comes by again without it.
    @Test func framesOfAVLANAndForOthersAreLeftAlone() throws {
        let network = try Network()
        try network.serve(
            WebFarm(mode: "dsr").text + "\n---\n"
                + WebFarm(name: "own", listen: "203.0.113.11:80/tcp", mode: "dsr", more: "hash: [sourceAddress]").text)
        try network.balancer.inside {
            try Shell.load(
                "table netdev onlooker { chain counting { type filter hook egress device back priority 0; tcp dport 80 counter; }; }")
        }
        for target in [Self.vip, "203.0.113.11:80"] {
            let frame = try #require(Frame("192.0.2.1:4000", to: target))
            let before = try network.sentBack()
            var (tagged, stray) = (frame, frame)
            tagged.tag = 30
            stray.destinationMAC = [2, 0, 0, 0, 0, 0x77]
            // Behind them one that is taken: then those before it have been looked at.
            try network.send([tagged, stray, frame])
            for _ in 0..<100 where try network.sentBack() == before { usleep(10_000) }
            #expect(try network.sentBack() == before + 1, "\(target)")
        }
    }

    private static func add(_ links: Links, to network: Network) throws -> Namespace {
        let other = try Namespace()
        let (client, balancer, server) = (network.client.name, network.balancer.name, network.server.name)
        try other.inside { try Shell.run("sysctl -qw net.ipv4.conf.all.arp_ignore=1 net.ipv4.conf.all.arp_announce=2") }
        func link(_ trunk: String, _ tag: Int, _ mac: String, to peer: String, _ there: String, _ peerMAC: String) -> String {
            links.link(trunk, balancer, tag, mac: mac, peer: peer, there, peerMAC: peerMAC)
        }
        try Shell.run(
            """
            \(link("front", 30, Network.frontMAC, to: "c0", client, Network.clientMAC))
            \(link("back", 10, Network.backMAC, to: "s0", server, Network.serverMAC))
            \(link("back", 20, Network.backMAC, to: "s0", server, Network.serverMAC))
            ip -n \(balancer) addr add 192.0.3.254/24 dev front.30
            ip -n \(balancer) addr add 10.0.10.254/24 dev back.10
            ip -n \(balancer) addr add 10.0.20.254/24 dev back.20
            for device in front.30 back.10 back.20; do ip -n \(balancer) link set $device up; done
            ip -n \(client) addr add 192.0.3.1/24 dev c0.30
            ip -n \(client) link set c0.30 up
            ip -n \(client) route add 203.0.113.10 via 192.0.3.254 dev c0.30
            ip -n \(server) link set s0.20 netns \(other.name)
            ip -n \(server) addr add 10.0.10.11/24 dev s0.10
            ip -n \(server) link set s0.10 up
            ip -n \(server) route replace default via 10.0.10.254
            ip -n \(other.name) addr add 203.0.113.10/32 dev lo
            ip -n \(other.name) addr add 10.0.20.12/24 dev s0.20
            ip -n \(other.name) link set s0.20 up
            ip -n \(other.name) route add default via 10.0.20.254
            """)
        return other
    }

    /// In the balancer's namespace.
    private static func compiler(_ text: String) throws -> RulesetCompiler {
        let farm = try #require(FarmConfig.load([FarmFile(path: "farms.yaml", text: Array(text.utf8))]).farms.first)
        let (mac, own) = (try #require(MACAddress(Network.serverMAC)), try #require(MACAddress(Network.backMAC)))
        func device(_ name: String) -> NetworkDevice { NetworkDevice(index: if_nametoindex(name), name: name) }
        let devices = ["back.10", "back.20"].map(device)
        let hops = zip(farm.backends, devices).map { ($0.address, NextHop(destination: mac, device: $1, source: own)) }
        let known = Dictionary(uniqueKeysWithValues: hops).tellingDevicesApart
        let conditions = farm.backends.map { BackendCondition(isUsable: true, weight: 1, nextHop: known[$0.address]) }
        return RulesetCompiler(
            farms: [farm.name: CompiledFarm(FarmPlan(farm), conditions)],
            environment: Environment(ingressDevices: [device("front"), device("front.30")]))
    }
}

extension Network {
    /// Packets for port 80 that have left for backends, by the onlooker's counter.
    fileprivate func sentBack() throws -> Int {
        let listing = try balancer.inside { try Shell.run("nft list table netdev onlooker") }
        let count = listing.split(separator: "counter packets ").dropFirst().first.flatMap { Int($0.prefix { $0.isNumber }) }
        return try #require(count)
    }
}

extension Socket {
    /// How many connections have come to it: each is taken and closed.
    fileprivate var connections: Int {
        var count = 0
        while isReady(POLLIN, 200) {
            let taken = accept(descriptor, nil, nil)
            guard taken >= 0 else { break }
            close(taken)
            count += 1
        }
        return count
    }
}
