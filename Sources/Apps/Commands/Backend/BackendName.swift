import ArgumentParser
import ControlAPI

/// `FARM/BACKEND`. A backend may be named by its address, as `web/[fd00:1::13]:8080`.
struct BackendName: CustomStringConvertible {
    let farm, backend: String

    init?(argument: String) {
        let parts = argument.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 2, !parts[0].isEmpty, !parts[1].isEmpty else { return nil }
        (farm, backend) = (parts[0], parts[1])
    }

    /// For arguments: the parser puts the words of the error behind the value that it could not use.
    static func read(_ argument: String) throws -> BackendName {
        if let name = BackendName(argument: argument) { return name }
        let farm = argument.prefix { $0 != "/" }
        guard !farm.isEmpty else { throw ValidationError("name a farm and its backend, as in web/web1; `lbctl backend list` shows them") }
        throw ValidationError("name one backend of the farm, as in \(farm)/web1; `lbctl backend list \(farm)` shows them")
    }

    var description: String { "\(farm)/\(backend)" }
}

/// What every verb on one backend takes.
struct BackendOptions: ParsableArguments {
    @Argument(help: ArgumentHelp("The backend.", valueName: "farm/backend"), transform: BackendName.read) var name: BackendName
    @OptionGroup var output: OutputOptions
    @OptionGroup var connection: ConnectionOptions

    /// Nil drops the override.
    func override(_ request: OverrideRequest?) async throws -> BackendView {
        try await connection.client.override(farm: name.farm, backend: name.backend, request)
    }
}
