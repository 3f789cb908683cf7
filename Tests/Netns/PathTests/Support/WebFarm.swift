import Glibc
import Ruleset
import TestNamespaces

typealias TCPFlagsOfFrame = TCPFlags

/// A farm of one listener and, unless told otherwise, one backend at the network's server.
struct WebFarm {
    var name = "web"
    var family = 4
    var listen: String?
    var mode = "dnat"
    var transport = "tcp"
    var backends: String?
    /// Further lines.
    var more = ""

    var text: String {
        let listener = listen ?? (family == 4 ? "203.0.113.10:80/\(transport)" : "[2001:db8::10]:80/\(transport)")
        let port = mode == "dsr" ? "" : ", port: 8080"
        let backends =
            backends ?? (family == 4 ? "[{ name: b1, address: 10.0.1.11\(port) }]" : "[{ name: b1, address: \"fd00:1::11\"\(port) }]")
        return """
            farm: \(name)
            listen: ["\(listener)"]
            mode: \(mode)
            backends: \(backends)
            health: { type: none }
            \(more)
            """
    }
}

extension Network {
    func listenOnBalancer(_ endpoints: String...) throws -> [Socket] { try endpoints.map { try listen($0, in: balancer) } }

    func giveBalancer(_ address: String) throws { try Shell.run("ip -n \(balancer.name) addr add \(address)/32 dev lo") }

    /// Whether a connection succeeds sooner or later: the kernel finds out after a moment that one has ended.
    func comesThrough(from source: String, to target: String) throws -> Bool {
        for _ in 0..<20 {
            if try connect(from: source, to: target).attempts == [.connected] { return true }
            usleep(200_000)
        }
        return false
    }
}

extension Socket {
    /// The next connection that has come to a listening socket.
    func accepted() throws -> Socket {
        guard isReady(POLLIN, 2000) else { throw TestFault("nobody has connected") }
        let accepted = accept(descriptor, nil, nil)
        guard accepted >= 0 else { throw TestFault("cannot accept: errno \(errno)") }
        return Socket(accepted)
    }
}
