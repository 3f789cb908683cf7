import ArgumentParser
import ControlClient

struct BackendListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "Backends with admin state, health, weight and share.",
        discussion: """
            Connections are counted for wide, json and yaml; that walks the kernel's conntrack table.

            Examples:
              lbctl backend list
              lbctl backend list web -o wide
              lbctl backend list -o json | jq -r '.backends[] | select(.health == "down") | .reason'
            """
    )

    @Argument(help: "Only of this farm.") var farm: String?
    @OptionGroup var output: OutputOptions
    @OptionGroup var connection: ConnectionOptions

    func run() async throws {
        let counts = output.output == .wide || output.output == .json || output.output == .yaml
        try output.show(try await connection.client.backends(farm: farm, countingConnections: counts))
    }
}
