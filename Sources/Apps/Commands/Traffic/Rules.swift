import ArgumentParser
import ControlClient

struct RulesCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rules", abstract: "The ruleset as nft text.",
        discussion: """
            Examples:
              lbctl rules
              lbctl rules web
            """
    )

    @Argument(help: "Only what concerns this farm.") var farm: String?
    @OptionGroup var output: OutputOptions
    @OptionGroup var connection: ConnectionOptions

    func run() async throws { try output.show(try await connection.client.rules(farm: farm)) }
}
