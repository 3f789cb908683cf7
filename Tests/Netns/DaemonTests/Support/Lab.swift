import Glibc
import Synchronization

/// The lab of Scripts/lab with ten backends, made once for all tests and taken down at the end of the process.
final class Lab: Sendable {
    static let backendCount = 10
    static let clients4 = "198.51.100.0/24", clients6 = "2001:db8:5::/64"

    private static let shared = Mutex<Lab?>(nil)
    let name: String
    /// What of the lab is not as it was made, by backend.
    private let broken = Mutex<[String: Set<Damage>]>([:])

    private enum Damage { case servers, cable }

    static func ready() throws -> Lab {
        try shared.withLock { lab in
            if lab == nil {
                lab = try Lab()
                atexit { Lab.takeDown() }
            }
            guard let lab else { throw TestFault("there is no lab") }
            return lab
        }
    }

    private init() throws {
        guard geteuid() == 0 else { throw TestFault("these tests make network namespaces: run them as root (sudo Scripts/test)") }
        name = Programs.labPrefix + "-traffic"
        try Program.succeed([Programs.lab, "up", "--name", name, "--backends", "\(Self.backendCount)", "--servers", "farmload", "--quiet"])
        // Two families and short tests: an address may be used again at once, without asking who had it before.
        try at("client", ["sysctl", "-qw", "net.ipv4.tcp_tw_reuse=1"])
    }

    private static func takeDown() {
        shared.withLock { lab in
            guard let name = lab?.name else { return }
            do { try Program.succeed([Programs.lab, "down", "--name", name, "--quiet"]) } catch { print("left behind: \(error)") }
            lab = nil
        }
    }

    func inside(_ place: String, _ words: [String]) -> [String] { ["ip", "netns", "exec", "\(name)-\(place)"] + words }

    /// Runs a program in a namespace of the lab; it has to succeed.
    @discardableResult
    func at(_ place: String, _ words: [String], input: String = "") throws -> String {
        try Program.succeed(inside(place, words), input: input)
    }

    func at(_ place: String, _ command: String) throws { try at(place, command.split(separator: " ").map(String.init)) }

    /// Kills the servers of backends and returns the instant just before.
    @discardableResult
    func killServers(of backends: String...) throws -> Int64 {
        let pids = try backends.flatMap { try processes(in: $0) }
        broken.withLock { for backend in backends { $0[backend, default: []].insert(.servers) } }
        let instant = monotonicNow()
        for pid in pids { kill(pid, SIGKILL) }
        return instant
    }

    func startServers(of backend: String) throws {
        try script("servers-start", backend)
        // The script does not wait for the ports.
        try eventually("the servers of \(backend) listen") {
            try at(backend, ["ss", "-Hltn"]).contains(":9000 ")
        }
        broken.withLock { _ = $0[backend]?.remove(.servers) }
    }

    /// Pulls the cable: the backend falls silent. Returns the instant just before.
    @discardableResult
    func unplug(_ backend: String) throws -> Int64 {
        broken.withLock { _ = $0[backend, default: []].insert(.cable) }
        let instant = monotonicNow()
        try script("unplug", backend)
        return instant
    }

    func plug(_ backend: String) throws {
        try script("plug", backend)
        broken.withLock { _ = $0[backend]?.remove(.cable) }
    }

    /// As it was made: for the next test.
    func mend() throws {
        for (backend, damages) in broken.withLock({ $0 }) {
            if damages.contains(.cable) { try plug(backend) }
            if damages.contains(.servers) { try startServers(of: backend) }
        }
    }

    func processes(in place: String) throws -> [pid_t] {
        try Program.succeed(["ip", "netns", "pids", "\(name)-\(place)"]).split(separator: "\n").compactMap { pid_t($0) }
    }

    private func script(_ verb: String, _ place: String) throws {
        try Program.succeed([Programs.lab, verb, place, "--name", name, "--quiet"])
    }
}

extension Lab {
    /// One more HTTP server in a place, for as long as the value lives.
    func serve(_ name: String, at place: String, port: Int) throws -> Program {
        let server = try Program(inside(place, [Programs.farmload, "serve", "--name", name, "--http", "\(port)"]))
        try eventually("\(place) listens on \(port)") { try at(place, ["ss", "-Hltn"]).contains(":\(port) ") }
        return server
    }
}
