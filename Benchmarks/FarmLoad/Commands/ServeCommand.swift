import ArgumentParser
import Glibc

struct ServeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve",
        abstract: "Answer load with this backend's name: HTTP, a TCP line echo and a UDP echo, IPv4 and IPv6, on all addresses.",
        discussion: "Example: farmload serve --name b1 --http 80,8080 --echo 9000 --udp 5300"
    )

    @Option(help: "What the answers are signed with.")
    var name: String

    @Option(help: "HTTP ports, separated by commas; /healthz answers ok, any other path the name.")
    var http: PortList?

    @Option(help: "TCP ports that answer each line with the name and the line.")
    var echo: PortList?

    @Option(help: "UDP ports that answer each datagram with the name and the datagram, from the address it was sent to.")
    var udp: PortList?

    func validate() throws {
        guard http != nil || echo != nil || udp != nil else { throw ValidationError("Say at least one of --http, --echo and --udp.") }
    }

    func run() throws {
        let server = try Server(name: name)
        for port in http?.ports ?? [] { try server.serveStreams(on: port, as: .http) }
        for port in echo?.ports ?? [] { try server.serveStreams(on: port, as: .echo) }
        for port in udp?.ports ?? [] { try server.serveDatagrams(on: port) }
        try server.run()
    }
}

/// `80,8080` on the command line.
struct PortList: ExpressibleByArgument {
    let ports: [UInt16]

    init?(argument: String) {
        let words = argument.split(separator: ",")
        ports = words.compactMap { UInt16($0) }
        guard !words.isEmpty, ports.count == words.count else { return nil }
    }
}
