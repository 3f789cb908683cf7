import Glibc
import NetTypes
import Ruleset
import Seams
import TestNamespaces
import Testing

/// Protocols that open further connections, by real programs: vsftpd serves, curl fetches.
@Suite(.serialized) struct HelperTests {
    private static func farm(_ mode: String, helper: String, family: Int = 4) -> String {
        let (listener, backend) = family == 4 ? ("203.0.113.10:21", "10.0.1.11") : ("[2001:db8::10]:21", "fd00:1::11")
        return """
            farm: files
            listen: ["\(listener)/tcp"]
            mode: \(mode)
            backends: [{ name: b1, address: "\(backend)", port: 2121 }]
            helper: \(helper)
            """
    }

    /// Passive in both of its dialects, then active in both.
    private static let ways = ["--disable-epsv", "--ftp-pasv", "--ftp-port - --disable-eprt", "--ftp-port -"]

    @Test(arguments: ["dnat", "snat"], ways)
    func filesCome(_ mode: String, _ way: String) throws {
        let network = try Network()
        let server = try FileServer(in: network)
        try network.serve(Self.farm(mode, helper: "ftp"))
        #expect(try network.fetch("ftp://203.0.113.10/file", way) == server.content)
    }

    @Test(arguments: ["dnat", "snat"], ["--ftp-pasv", "--ftp-port -"])
    func filesComeOverIPv6(_ mode: String, _ way: String) throws {
        let network = try Network()
        let server = try FileServer(in: network, family: 6)
        try network.serve(Self.farm(mode, helper: "ftp", family: 6))
        #expect(try network.fetch("ftp://[2001:db8::10]/file", way) == server.content)
    }

    @Test func withoutTheHelperTheyDoNot() throws {
        let network = try Network()
        let server = try FileServer(in: network)
        try network.serve(Self.farm("dnat", helper: "none"))
        #expect(try network.fetch("ftp://203.0.113.10/file", "--disable-epsv") != server.content)
    }

    /// The change is refused as a whole, so that what runs goes on.
    @Test func aHelperThatTheKernelLacksIsNamedAndNothingChanges() throws {
        let network = try Network()
        let servers = try network.listen("10.0.1.11:8080")
        try network.serve(WebFarm().text)
        var wanted = network.ruleset
        for index in wanted.tables.indices where wanted.tables[index].family == .inet {
            wanted.tables[index].helpers = [HelperObject(name: "gopher-tcp", type: "gopher", transport: .tcp)]
        }
        let fault = #expect(throws: DriverError.self) { try network.become(wanted) }
        #expect(fault?.object?.contains("gopher-tcp") == true, "\(String(describing: fault))")
        #expect(try network.connect(from: "192.0.2.1", to: "203.0.113.10:80").attempts == [.connected])
        withExtendedLifetime(servers) {}
    }

    /// Every helper that a file may ask for is one that this kernel knows, and conntrack says that it is assigned.
    @Test(arguments: [
        ("ftp", "tcp"), ("tftp", "udp"), ("sip", "tcp"), ("sip", "udp"), ("pptp", "tcp"), ("snmp", "udp"), ("amanda", "udp"),
        ("irc", "tcp"),
    ])
    func helpersAreAssigned(_ helper: String, _ transport: String) throws {
        let network = try Network()
        let servers = try network.listen("10.0.1.11:8080", transport: transport == "tcp" ? .tcp : .udp)
        try network.serve(WebFarm(transport: transport, more: "helper: \(helper)").text)
        let socket = try network.open(from: "192.0.2.1", to: "203.0.113.10:80", transport == "tcp" ? .tcp : .udp)
        if transport == "udp" { try socket.send("x") } else { #expect(socket.attempt == .connected) }
        let entries = try network.balancer.inside { try Shell.run("conntrack -L -o extended 2>/dev/null") }
        #expect(entries.contains("helper=\(helper)"), "\(entries)")
        withExtendedLifetime(servers) {}
    }
}

/// An ftp server with one file for everybody.
private final class FileServer {
    let content = (0..<4000).map { "line \($0) of a file that takes more than one packet" }.joined(separator: "\n")
    private let directory: String
    private let pid: pid_t

    init(in network: Network, family: Int = 4) throws {
        directory = "/tmp/\(network.server.name)-files"
        let settings = """
            listen=\(family == 4 ? "YES" : "NO")
            listen_ipv6=\(family == 4 ? "NO" : "YES")
            \(family == 4 ? "listen_address=10.0.1.11" : "listen_address6=fd00:1::11")
            listen_port=2121
            anonymous_enable=YES
            anon_root=\(directory)/root
            no_anon_password=YES
            xferlog_enable=NO
            port_enable=YES
            connect_from_port_20=YES
            seccomp_sandbox=NO
            secure_chroot_dir=\(directory)
            background=NO
            """
        try Shell.run("mkdir -p \(directory)/root && chmod 755 \(directory) \(directory)/root")
        for (path, text) in [("settings", settings), ("root/file", content)] {
            guard let file = fopen("\(directory)/\(path)", "w") else { throw TestFault("cannot write \(directory)/\(path)") }
            fputs(text, file)
            fclose(file)
        }
        try Shell.run("chmod 600 \(directory)/settings && chmod 644 \(directory)/root/file")
        let settingsPath = "\(directory)/settings"
        let printed = try network.server.inside { try Shell.run("vsftpd \(settingsPath) >\(settingsPath).log 2>&1 & echo $!") }
        guard let pid = pid_t(printed.split(separator: "\n").joined()) else { throw TestFault("vsftpd has not begun: \(printed)") }
        self.pid = pid
        let listening = try network.server.inside {
            try Shell.run("for i in $(seq 100); do ss -Hltn | grep -q :2121 && exit 0; sleep 0.05; done; cat \(settingsPath).log; exit 0")
        }
        guard listening.isEmpty else { throw TestFault("vsftpd does not listen: \(listening)") }
    }

    deinit {
        kill(pid, SIGTERM)
        do { try Shell.run("rm -rf \(directory)") } catch { print("left behind: \(error)") }
    }
}

extension Network {
    /// What curl gets; its complaint if it gets nothing.
    fileprivate func fetch(_ url: String, _ way: String) throws -> String {
        try client.inside { try Shell.attempt("curl -sS -g --max-time 5 \(way) '\(url)'").output }
    }

    func forgetConnections() throws { try balancer.inside { try Shell.run("conntrack -F") } }
}
