import FarmModel
import Glibc
import HealthPolicy
import NetTypes
import Synchronization
import TestNamespaces

@testable import HealthProbing

/// Real servers in a namespace of their own, and a prober that lives there too. All of it ends with the value.
final class Server: Sendable {
    private static let made = Atomic(0)
    private static let scripts = "/" + #filePath.split(separator: "/").dropLast().joined(separator: "/") + "/Servers/servers.sh"

    let namespace: Namespace
    let directory: String
    let prober: CompositeProber

    /// Starts one; more may follow.
    init(_ name: String, _ arguments: String = "", port: Int) throws {
        let namespace = try Namespace()
        (self.namespace, directory) = (namespace, "/tmp/\(namespace.name)")
        prober = try namespace.inside {
            let prober = try CompositeProber { _ in }
            // The thread is in the namespace of the one that starts it.
            try prober.start()
            return prober
        }
        try start(name, arguments, port: port)
    }

    deinit {
        prober.stop()
        do {
            try Shell.run("pids=$(ip netns pids \(namespace.name)); [ -z \"$pids\" ] || kill -KILL $pids; rm -rf \(directory)")
        } catch { print("left behind: \(error)") }
    }

    /// Waits until it listens.
    func start(_ name: String, _ arguments: String = "", port: Int) throws {
        let command = "mkdir -p \(directory) && \(Self.scripts) \(name) \(directory)/\(name) \(arguments)"
        try namespace.inside { try Shell.run(command) }
        for _ in 0..<300 {
            if try shell("ss -Hltn").contains(":\(port) ") { return }
            usleep(50_000)
        }
        throw TestFault("\(name) does not listen: \(try shell("tail -n 20 \(directory)/\(name)/log"))")
    }

    @discardableResult
    func shell(_ command: String) throws -> String { try namespace.inside { try Shell.run(command) } }

    /// Probes until there is a verdict that is `wanted`, or gives the last state after 10 s.
    func probe(_ kind: HealthCheck.Kind, port: UInt16, until wanted: Verdict) async throws -> HealthState? {
        let check = HealthCheck(kind: kind, interval: .milliseconds(200), timeout: .milliseconds(1000), rise: 1, fall: 1)
        return try await probe(check, port: port) { $0.verdict == wanted }
    }

    func probe(_ check: HealthCheck, port: UInt16, until holds: (HealthState) -> Bool) async throws -> HealthState? {
        let target = ProbeTarget(address: IPAddress(v4: 0x7F00_0001), port: port, check: check)
        prober.setTargets([target: Verdict?.none])
        for _ in 0..<500 {
            if let state = prober.state(of: target), holds(state) { return state }
            try await Task.sleep(for: .milliseconds(20))
        }
        return prober.state(of: target)
    }

    /// The words of the last probe.
    func reason(_ kind: HealthCheck.Kind, port: UInt16, until wanted: Verdict) async throws -> String {
        let state = try await probe(kind, port: port, until: wanted)
        return "\(state?.verdict.rawValue ?? "none"): \(state?.history.last?.result.reason ?? "")"
    }
}
