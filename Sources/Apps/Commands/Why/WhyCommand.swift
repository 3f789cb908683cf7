import ArgumentParser
import ControlClient

struct WhyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "why", abstract: "Why a farm or backend is down, unused or under-used.",
        discussion: """
            Shows the last probes with their reasons, changes of verdict, the operator's word, tiers, panic, slow starts, holds, ejections and, \
            for dsr, the neighbour.

            Examples:
              lbctl why web
              lbctl why web/web1
              lbctl why web/web1 -o json | jq '.backends[0].probe.results'
            """
    )

    @Argument(help: ArgumentHelp("A farm, or one of its backends.", valueName: "farm[/backend]")) var name: String
    @OptionGroup var output: OutputOptions
    @OptionGroup var connection: ConnectionOptions

    func run() async throws {
        let parts = name.split(separator: "/", maxSplits: 1).map(String.init)
        guard let farm = parts.first else { throw ValidationError("name a farm, or a backend as FARM/BACKEND") }
        try output.show(try await connection.client.why(farm: farm, backend: parts.count > 1 ? parts[1] : nil))
    }
}
