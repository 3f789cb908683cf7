import ArgumentParser
import ControlClient

struct SessionDeleteCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "delete", abstract: "Forgets sessions: their clients are balanced anew with their next connection.",
        discussion: """
            Connections that are open go on. Sessions of the farm file stay.

            Examples:
              lbctl session delete web --client 192.0.2.7
              lbctl session delete web --backend web1
              lbctl session delete web --all
            """
    )

    @Argument(help: "The farm.") var farm: String
    @Option(help: ArgumentHelp("Of this client.", valueName: "address")) var client: String?
    @Option(help: ArgumentHelp("At this backend.", valueName: "name")) var backend: String?
    @Flag(help: "All of the farm.") var all = false
    @OptionGroup var output: OutputOptions
    @OptionGroup var connection: ConnectionOptions

    func validate() throws {
        guard all != (client != nil || backend != nil) else {
            throw ValidationError("say which: --client ADDRESS, --backend NAME or both; or --all")
        }
    }

    func run() async throws {
        try output.show(try await connection.client.deleteSessions(farm: farm, client: client, backend: backend))
    }
}
