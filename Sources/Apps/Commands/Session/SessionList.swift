import ArgumentParser
import ControlClient

struct SessionListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "Sessions with their clients, backends and the time that is left to them.",
        discussion: """
            Clients with IPv6 addresses, and keys other than the source address, are known to the kernel as hashes: they are shown as # and digits.

            Examples:
              lbctl session list
              lbctl session list web -o json | jq '.sessions | length'
            """
    )

    @Argument(help: "Only of this farm.") var farm: String?
    @OptionGroup var output: OutputOptions
    @OptionGroup var connection: ConnectionOptions

    func run() async throws { try output.show(try await connection.client.sessions(farm: farm)) }
}
