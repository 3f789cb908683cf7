import ArgumentParser
import ControlAPI
import ControlClient

/// `--wait` of the verbs that change what a backend is given.
struct BackendWait: ParsableArguments {
    @Flag(help: "Wait until it is done.") var wait = false
    @Option(help: ArgumentHelp("How long to wait. (default: 5m)", valueName: "duration"), transform: TimeSpan.read)
    var timeout = TimeSpan(.seconds(300))

    /// Returns once no connection is left.
    func forIdle(_ options: BackendOptions, from view: BackendView) async throws -> BackendView {
        try await until(options, from: view, counting: true) { view in
            guard let connections = view.connections else {
                throw CommandFailure(
                    .failed, "\(options.name): its connections are not tracked (dsr), so --wait cannot see the last one go")
            }
            return connections == 0 ? nil : "still \(counted(connections, "connection"))"
        }
    }

    /// Returns once new connections may go there.
    func forUse(_ options: BackendOptions, from view: BackendView) async throws -> BackendView {
        try await until(options, from: view, counting: false) { view in
            view.share > 0 ? nil : "not used: \(view.health), \(view.reason)"
        }
    }

    /// `missing` says what is still lacking, nil when nothing is.
    private func until(
        _ options: BackendOptions, from view: BackendView, counting: Bool, missing: (BackendView) throws -> String?
    ) async throws -> BackendView {
        guard wait else { return view }
        let deadline = ContinuousClock.now + timeout.duration
        while true {
            let current = try await look(options, counting)
            guard let missing = try missing(current) else { return current }
            guard ContinuousClock.now < deadline else {
                throw CommandFailure(.failed, "\(options.name): \(missing) after the time to wait")
            }
            // Counting walks the conntrack table, so it is not done more often than a person would notice.
            try await Task.sleep(for: min(.milliseconds(500), deadline - .now))
        }
    }

    private func look(_ options: BackendOptions, _ counting: Bool) async throws -> BackendView {
        let list = try await options.connection.client.backends(farm: options.name.farm, countingConnections: counting)
        guard let view = list.backends.first(where: { $0.name == options.name.backend }) else {
            throw CommandFailure(.notFound, "\(options.name) is gone")
        }
        return view
    }
}
