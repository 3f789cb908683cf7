import ArgumentParser
import ControlAPI

struct BackendResetCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "reset", abstract: "Drops the overrides of a backend: its file counts again.",
        discussion: """
            Examples:
              lbctl backend reset web/web1
            """
    )

    @OptionGroup var backend: BackendOptions

    func run() async throws {
        try backend.output.show(try await backend.override(nil))
    }
}
