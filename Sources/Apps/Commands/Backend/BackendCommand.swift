import ArgumentParser

struct BackendCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "backend", abstract: "Backends: servers of a farm, and overrides of what their files say.",
        discussion: "Overrides survive a restart of the daemon and are shown as overrides; `backend reset` drops them.",
        subcommands: [
            BackendListCommand.self, BackendDrainCommand.self, BackendReadyCommand.self, BackendMaintenanceCommand.self,
            BackendWeightCommand.self, BackendResetCommand.self,
        ]
    )
}
