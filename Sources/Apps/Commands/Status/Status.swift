import ArgumentParser
import ControlAPI
import ControlClient

struct StatusCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status",
        abstract: "One screen: daemon, farms, unhealthy backends, last change, drift.",
        discussion: """
            Leaves with 6 when something is degraded: a farm that is not fully up, drift, farm files with faults or held back, a refused change.

            Examples:
              lbctl status
              lbctl status --wait --timeout 30s    (after a start: until all is well)
              lbctl status -o json
            """
    )

    @Flag(help: "Wait until the daemon answers and nothing is degraded.") var wait = false
    @Option(help: ArgumentHelp("How long to wait. (default: 60s)", valueName: "duration"), transform: TimeSpan.read)
    var timeout = TimeSpan(.seconds(60))
    @OptionGroup var output: OutputOptions
    @OptionGroup var connection: ConnectionOptions

    func run() async throws {
        let status = wait ? try await settled(connection.client) : try await connection.client.status()
        let report = StatusReport(status: status, troubles: try await troubles(connection.client))
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
    private func troubles(_ client: ControlClient) async throws -> Troubles {
        guard output.output == .table || output.output == .wide else { return .none }
        return Troubles(farms: try await client.farms().farms, backends: try await client.backends().backends)
    }
}
