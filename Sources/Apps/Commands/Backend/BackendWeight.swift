import ArgumentParser
import ControlAPI

struct BackendWeightCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "weight", abstract: "Sets a backend's weight.",
        discussion: """
            Examples:
              lbctl backend weight web/web1 5
              lbctl backend weight web/web1 0    (no new connections)
            """
    )

    @OptionGroup var backend: BackendOptions
    @Argument(help: "From 0 to 1000.") var weight: Int

    func validate() throws {
        guard (0...1000).contains(weight) else { throw ValidationError("a weight is from 0 to 1000, not \(weight)") }
    }

    func run() async throws {
        try backend.output.show(try await backend.override(OverrideRequest(weight: weight)))
    }
}
