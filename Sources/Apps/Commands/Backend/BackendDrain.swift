import ArgumentParser
import ControlAPI

struct BackendDrainCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "drain", abstract: "No new connections for a backend; those it has go on.",
        discussion: """
            Examples:
              lbctl backend drain web/web1
              lbctl backend drain web/web1 --wait --timeout 10m
            """
    )

    @OptionGroup var backend: BackendOptions
    @OptionGroup var waiting: BackendWait

    func run() async throws {
        let view = try await backend.override(OverrideRequest(admin: "drain"))
        try backend.output.show(try await waiting.forIdle(backend, from: view))
    }
}
