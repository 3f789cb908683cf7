import ArgumentParser

struct FarmCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "farm", abstract: "Farms: virtual services.", subcommands: [FarmListCommand.self, FarmShowCommand.self]
    )
}
