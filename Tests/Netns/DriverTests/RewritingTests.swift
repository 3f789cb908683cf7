import Glibc
import NetTypes
import NetfilterDriver
import Ruleset
import TestNamespaces
import Testing

/// Checksums of what is rewritten without conntrack, on a wire whose sender computes them itself.
@Suite struct RewritingTests {
    /// The receiver's: to where packets are sent, and to where they are rewritten.
    private static func listener(_ family: AddressFamily) throws -> Endpoint {
        try #require(Endpoint(family == .ipv4 ? "10.99.0.2:80" : "[fd99::2]:80"))
    }
    private static func backend(_ family: AddressFamily) throws -> Endpoint {
        try #require(Endpoint(family == .ipv4 ? "10.99.0.3:8080" : "[fd99::3]:8080"))
    }

    private static func ruleset(_ family: AddressFamily) throws -> Ruleset {
        let (key, backend) = (Key(.port(.destination)), try backend(family))
        let ports = Samples.set("ports", SetType(key: [.port], value: .fields([.port])), Samples.port(80) + Samples.port(backend.port))
        let addresses = Samples.set(
            "addresses", SetType(key: [.port], value: .fields([.address(family)])), Samples.port(80) + backend.address.octets)
        let chain = Chain(
            "in", base: BaseChain(.filter, .ingress(device: "zt-in"), priority: 0),
            rules: [
                Rule(.setAddress(.destination, family, key, map: "addresses")),
                Rule(.setPort(.destination, .udp, key, map: "ports")),
                Rule(.setUncheckedPort(.destination, key, map: "ports")),
                Rule(.setPort(.destination, .tcp, key, map: "ports")),
            ])
        return Ruleset(tables: [Table(family: .netdev, sets: [ports, addresses], chains: [chain])])
    }

    /// A sender and a receiver whose frames are rewritten.
    private static func connected(_ family: AddressFamily) throws -> (sender: Namespace, receiver: Namespace) {
        let (sender, receiver) = (try Namespace(), try Namespace())
        try Shell.run("ip link add zt-out netns \(sender.name) type veth peer name zt-in netns \(receiver.name)")
        for address in ["10.99.0.1/24", "fd99::1/64 nodad"] { try Shell.run("ip -n \(sender.name) addr add \(address) dev zt-out") }
        for address in ["10.99.0.2/24", "10.99.0.3/24", "fd99::2/64 nodad", "fd99::3/64 nodad"] {
            try Shell.run("ip -n \(receiver.name) addr add \(address) dev zt-in")
        }
        try Shell.run("ip -n \(sender.name) link set zt-out up && ip -n \(receiver.name) link set zt-in up")
        // Else veth says of its packets that their checksums need not be looked at.
        try Shell.run("ip netns exec \(sender.name) ethtool -K zt-out tx off")
        try receiver.inside { _ = try NetfilterDriver().commit(Ruleset().batch(to: ruleset(family)), expecting: nil) }
        return (sender, receiver)
    }

    @Test(arguments: [AddressFamily.ipv4, .ipv6], [true, false])
    func datagramsArriveWithAndWithoutChecksum(_ family: AddressFamily, _ isChecked: Bool) throws {
        let (sender, receiver) = try Self.connected(family)
        try receiver.inside {
            let socket = try Datagrams(family, isChecked: isChecked)
            try socket.bind(to: Self.backend(family))
            try sender.inside { try Datagrams(family, isChecked: isChecked).send("hello", to: Self.listener(family)) }
            #expect(socket.receive() == "hello")
            #expect(try Self.count(family == .ipv4 ? "UdpInCsumErrors" : "Udp6InCsumErrors") == 0)
        }
    }

    @Test(arguments: [AddressFamily.ipv4, .ipv6])
    func segmentsArrive(_ family: AddressFamily) throws {
        let (sender, receiver) = try Self.connected(family)
        let address = try Self.listener(family).address
        // Nothing listens at the backend's port: a segment with a right checksum is answered by a reset, which is not rewritten back.
        _ = try sender.inside { try Shell.run("timeout 5 bash -c 'echo > /dev/tcp/\(address)/80' >/dev/null 2>&1 &") }
        let (wrong, refused) = try receiver.inside {
            for _ in 0..<50 where try Self.count("TcpOutRsts") == 0 { usleep(100_000) }
            return (try Self.count("TcpInCsumErrors"), try Self.count("TcpOutRsts"))
        }
        #expect(wrong == 0 && refused > 0)
    }

    /// Of the calling thread's namespace, since it was made.
    private static func count(_ name: String) throws -> Int {
        let line = try Shell.run("nstat -asz \(name)").split(separator: "\n").last ?? ""
        guard let count = line.split(whereSeparator: \.isWhitespace).dropFirst().first.flatMap({ Int($0) }) else {
            throw TestFault("nstat knows no \(name): \(line)")
        }
        return count
    }
}
