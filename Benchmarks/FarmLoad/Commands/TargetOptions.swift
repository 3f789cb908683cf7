import ArgumentParser

/// Where the load goes and what it says there.
struct TargetOptions: ParsableArguments {
    @Option(help: "The listener: 203.0.113.10:80 or [2001:db8::10]:80.")
    var to: Endpoint

    @Option(help: "GET this path over a new connection each time. What is done if nothing else is said, with path /.")
    var http: String?

    @Flag(help: "Send a line over TCP and expect it back.")
    var tcpEcho = false

    @Flag(help: "Send a datagram and expect it back; each flow keeps its source port.")
    var udp = false

    func validate() throws {
        guard [http != nil, tcpEcho, udp].count(where: { $0 }) <= 1 else {
            throw ValidationError("Say only one of --http, --tcp-echo and --udp.")
        }
    }

    var exchange: Exchange { udp ? .udpEcho : tcpEcho ? .tcpEcho : .http(path: http ?? "/") }
}

/// Client addresses and ports chosen by us instead of the kernel.
struct SourceOptions: ParsableArguments {
    @Option(help: "Client addresses: a prefix like 198.51.100.0/24 or a file with one a line.")
    var sources: String?

    @Option(help: "Use at most this many of the addresses.")
    var maxSources = 254

    @Option(help: "Flows per address, each from a port of its own.")
    var perSource = 1

    @Option(help: "The first of these ports.")
    var portBase: UInt16 = 20_000

    func validate() throws {
        guard maxSources > 0, perSource > 0, Int(portBase) + perSource <= 65_536 else {
            throw ValidationError("--max-sources and --per-source must be positive, and the ports end at 65535.")
        }
    }

    /// The client ends, address by address within each port, so that neighbouring starts come from different clients.
    func endpoints() throws -> [Endpoint]? {
        guard let sources else { return nil }
        let addresses = try SourceAddresses(sources, atMost: maxSources).addresses
        return (0..<perSource).flatMap { offset in addresses.map { Endpoint(address: $0, port: portBase + UInt16(offset)) } }
    }
}
