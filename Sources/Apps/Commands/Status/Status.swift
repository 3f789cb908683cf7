import ArgumentParser
import ControlAPI
import ControlClient

struct StatusCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status",
        abstract: "One screen: daemon, farms, unhealthy backends, last change, drift.",
        discussion: """
            Leaves with 6 when something is degraded: a farm that is not fully up, drift, faults in farm files, a refused change.

            Examples:
              lbctl status
              lbctl status --wait --timeout 30s    (after a start: until all is well)
              lbctl status -o json
            """
    )

    @Flag(help: "Wait until the daemon answers and nothing is degraded.") var wait = false
    @Option(help: ArgumentHelp("How long to wait.", valueName: "duration")) var timeout = TimeSpan(.seconds(60))
    @OptionGroup var output: OutputOptions
    @OptionGroup var connection: ConnectionOptions

    func run() async throws {
        let status = wait ? try await settled(connection.client) : try await connection.client.status()
        let report = StatusReport(status: status, unhealthy: try await unhealthy(connection.client))
        try output.show(report)
        if report.isDegraded { throw ExitCode(ExitStatus.degraded.rawValue) }
    }

    /// The last answer when the time is over, or the last failure to get one.
    private func settled(_ client: ControlClient) async throws -> StatusView {
        let deadline = ContinuousClock.now + timeout.duration
        while true {
            do {
                let status = try await client.status()
                if !status.isDegraded || ContinuousClock.now >= deadline { return status }
            } catch let failure as Unreachable where ContinuousClock.now >= deadline {
                throw failure
            } catch is Unreachable {
                // Not started yet.
            }
            try await Task.sleep(for: .milliseconds(100))
        }
    }

    /// Only people are shown them.
    private func unhealthy(_ client: ControlClient) async throws -> BackendList {
        guard output.output == .table || output.output == .wide else { return BackendList(backends: []) }
        return BackendList(backends: try await client.backends().backends.filter { $0.health != "up" })
    }
}
