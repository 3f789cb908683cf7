import ArgumentParser
import ControlClient

struct FarmListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "All farms with their states.",
        discussion: """
            Examples:
              lbctl farm list
              lbctl farm list -o json | jq '.farms[] | select(.state != "up")'
            """
    )

    @OptionGroup var output: OutputOptions
    @OptionGroup var connection: ConnectionOptions

    func run() async throws { try output.show(try await connection.client.farms()) }
}
