import ArgumentParser
import ControlAPI

struct BackendMaintenanceCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "maintenance", abstract: "Takes a backend out for work on it: no new connections, as drain, and says why.",
        discussion: """
            Examples:
              lbctl backend maintenance web/web1 --wait
            """
    )

    @OptionGroup var backend: BackendOptions
    @OptionGroup var waiting: BackendWait

    func run() async throws {
        let view = try await backend.override(OverrideRequest(admin: "maintenance"))
        try backend.output.show(try await waiting.forIdle(backend, from: view))
    }
}
