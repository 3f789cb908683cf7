import ArgumentParser
import ControlClient

struct FarmShowCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "One farm with its listeners and backends.",
        discussion: """
            Examples:
              lbctl farm show web
              lbctl farm show web -o yaml
            """
    )

    @Argument(help: "The farm's name.") var name: String
    @OptionGroup var output: OutputOptions
    @OptionGroup var connection: ConnectionOptions

    func run() async throws { try output.show(try await connection.client.farm(name)) }
}
