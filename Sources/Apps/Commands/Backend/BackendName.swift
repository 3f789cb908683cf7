import ArgumentParser
import ControlAPI

/// `FARM/BACKEND`. A backend may be named by its address, as `web/[fd00:1::13]:8080`.
struct BackendName: ExpressibleByArgument, CustomStringConvertible {
    let farm, backend: String

    init?(argument: String) {
        let parts = argument.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 2, !parts[0].isEmpty, !parts[1].isEmpty else { return nil }
        (farm, backend) = (parts[0], parts[1])
    }

    var description: String { "\(farm)/\(backend)" }
}

/// What every verb on one backend takes.
struct BackendOptions: ParsableArguments {
    @Argument(help: ArgumentHelp("The backend.", valueName: "farm/backend")) var name: BackendName
    @OptionGroup var output: OutputOptions
    @OptionGroup var connection: ConnectionOptions

    /// Nil drops the override.
    func override(_ request: OverrideRequest?) async throws -> BackendView {
        try await connection.client.override(farm: name.farm, backend: name.backend, request)
    }
}
