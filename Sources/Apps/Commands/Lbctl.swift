import ArgumentParser
import ControlAPI

/// The operator's client: nouns and verbs.
public struct Lbctl: AsyncParsableCommand {
    public static let configuration = CommandConfiguration(
        commandName: "lbctl",
        abstract: "Look at and steer the load balancer zvnftd.",
        discussion: """
            Examples:
              lbctl status
              lbctl backend drain web/web1 --wait
              lbctl check farms.d/web.yaml

            Exit codes: 0 ok, 1 failed, 2 usage or not supported yet, 3 not found, 4 conflict, 5 daemon unreachable, 6 degraded.
            `plan` answers 0 when nothing would change, 1 when something would, 2 or more on errors.
            """,
        version: "lbctl \(Product.version)",
        subcommands: [StatusCommand.self],
        groupedSubcommands: [
            CommandGroup(name: "Farms and backends", subcommands: [FarmCommand.self, BackendCommand.self, SessionCommand.self]),
            CommandGroup(
                name: "Farm files",
                subcommands: [CheckCommand.self, PlanCommand.self, ApplyCommand.self, ExplainCommand.self, ImportCommand.self]
            ),
            CommandGroup(name: "Traffic", subcommands: [RulesCommand.self, TraceCommand.self, MonitorCommand.self, TopCommand.self]),
            CommandGroup(name: "When something is wrong", subcommands: [WhyCommand.self, DoctorCommand.self, SupportBundleCommand.self]),
            CommandGroup(name: "Past changes", subcommands: [HistoryCommand.self, UndoCommand.self]),
            CommandGroup(name: "Shell", subcommands: [CompletionsCommand.self]),
        ]
    )

    @OptionGroup var connection: ConnectionOptions

    public init() {}
}
