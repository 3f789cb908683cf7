import Glibc
import NetTypes
import NetfilterDriver
import Ruleset
import TestNamespaces
import Testing

/// Checksums of what is rewritten without conntrack, on a wire whose sender computes them itself.
@Suite struct RewritingTests {
    /// Datagrams to port 80 of 10.99.0.2 arrive at port 8080 of 10.99.0.3.
    private static var ruleset: Ruleset {
        let key = Key(.port(.destination))
        let ports = Samples.set("ports", SetType(key: [.port], value: .fields([.port])), Samples.port(80) + Samples.port(8080))
        let addresses = Samples.set(
            "addresses", SetType(key: [.port], value: .fields([.address(.ipv4)])), Samples.port(80) + Samples.address("10.99.0.3"))
        let chain = Chain(
            "in", base: BaseChain(.filter, .ingress(device: "zt-in"), priority: 0),
            rules: [
                Rule(.setAddress(.destination, .ipv4, key, map: "addresses")),
                Rule(.setPort(.destination, .udp, key, map: "ports")),
                Rule(.setUncheckedPort(.destination, key, map: "ports")),
                Rule(.setPort(.destination, .tcp, key, map: "ports")),
            ])
        return Ruleset(tables: [Table(family: .netdev, sets: [ports, addresses], chains: [chain])])
    }

    private static func connect(_ sender: Namespace, _ receiver: Namespace) throws {
        try Shell.run("ip link add zt-out netns \(sender.name) type veth peer name zt-in netns \(receiver.name)")
        try Shell.run("ip -n \(sender.name) addr add 10.99.0.1/24 dev zt-out && ip -n \(sender.name) link set zt-out up")
        for address in ["10.99.0.2/24", "10.99.0.3/24"] { try Shell.run("ip -n \(receiver.name) addr add \(address) dev zt-in") }
        try Shell.run("ip -n \(receiver.name) link set zt-in up")
        // veth hides wrong checksums: it says that they need not be looked at.
        try Shell.run("ip netns exec \(sender.name) ethtool -K zt-out tx off")
    }

    @Test(arguments: [true, false])
    func datagramsArriveWithAndWithoutChecksum(_ isChecked: Bool) throws {
        let (sender, receiver) = (try Namespace(), try Namespace())
        try Self.connect(sender, receiver)
        try receiver.inside {
            _ = try NetfilterDriver().commit(Ruleset().batch(to: Self.ruleset), expecting: nil)
            let socket = try Datagrams(boundTo: [10, 99, 0, 3], 8080)
            try sender.inside { try Datagrams(isChecked: isChecked).send("hello", to: [10, 99, 0, 2], 80) }
            #expect(try socket.receive() == "hello")
            #expect(try Self.count("UdpInCsumErrors") == 0)
        }
    }

    @Test func segmentsArrive() throws {
        let (sender, receiver) = (try Namespace(), try Namespace())
        try Self.connect(sender, receiver)
        try receiver.inside { _ = try NetfilterDriver().commit(Ruleset().batch(to: Self.ruleset), expecting: nil) }
        // Answers are not rewritten back: only the counters of the receiver tell that the segment was in order.
        _ = try sender.inside { try Shell.attempt("timeout 0.5 bash -c 'echo > /dev/tcp/10.99.0.2/80'") }
        let (wrong, all) = try receiver.inside { (try Self.count("TcpInCsumErrors"), try Self.count("TcpInSegs")) }
        #expect(wrong == 0 && all > 0)
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

/// A UDP socket of the calling thread's namespace.
private final class Datagrams {
    private let descriptor = socket(AF_INET, Int32(SOCK_DGRAM.rawValue), 0)

    init(boundTo octets: [UInt8]? = nil, _ port: UInt16 = 0, isChecked: Bool = true) throws {
        // SO_NO_CHECK of asm-generic/socket.h
        var (noCheck, patience) = (Int32(isChecked ? 0 : 1), timeval(tv_sec: 2, tv_usec: 0))
        setsockopt(descriptor, SOL_SOCKET, 11, &noCheck, 4)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
        guard let octets else { return }
        guard Self.with(octets, port, { bind(descriptor, $0, $1) }) == 0 else { throw TestFault("cannot bind: errno \(errno)") }
    }

    deinit { close(descriptor) }

    func send(_ text: String, to octets: [UInt8], _ port: UInt16) throws {
        let bytes = Array(text.utf8)
        guard Self.with(octets, port, { sendto(descriptor, bytes, bytes.count, 0, $0, $1) }) == bytes.count else {
            throw TestFault("cannot send: errno \(errno)")
        }
    }

    /// "" when none arrives within two seconds.
    func receive() throws -> String {
        var buffer = [UInt8](repeating: 0, count: 2048)
        let count = recv(descriptor, &buffer, buffer.count, 0)
        return String(decoding: buffer.prefix(max(0, count)), as: UTF8.self)
    }

    private static func with<Result>(_ octets: [UInt8], _ port: UInt16, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Result) -> Result {
        var address = sockaddr_in()
        (address.sin_family, address.sin_port) = (sa_family_t(AF_INET), port.bigEndian)
        withUnsafeMutableBytes(of: &address.sin_addr) { $0.copyBytes(from: octets) }
        let length = socklen_t(MemoryLayout<sockaddr_in>.size)
        return withUnsafePointer(to: &address) { $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, length) } }
    }
}
