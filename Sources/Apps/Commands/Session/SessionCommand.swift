import ArgumentParser

struct SessionCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "session", abstract: "Sessions: clients that persistence keeps on their backends.",
        subcommands: [SessionListCommand.self, SessionDeleteCommand.self]
    )
}
