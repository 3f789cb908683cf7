import ArgumentParser
import ControlAPI

struct BackendReadyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ready", abstract: "Gives a backend new connections again, as its health allows.",
        discussion: """
            Examples:
              lbctl backend ready web/web1 --wait --timeout 30s
            """
    )

    @OptionGroup var backend: BackendOptions
    @OptionGroup var waiting: BackendWait

    func run() async throws {
        let view = try await backend.override(OverrideRequest(admin: "ready"))
        try backend.output.show(try await waiting.forUse(backend, from: view))
    }
}
