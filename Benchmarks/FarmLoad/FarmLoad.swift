import ArgumentParser

/// The load generator of tests, demo and benchmarks: open-loop clients that say what failed and when, and the servers they talk to.
@main
struct FarmLoad: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "farmload",
        abstract: "Open-loop load on a farm, and servers to answer it.",
        discussion: """
            Failures are results, not errors: a run that could be made exits 0 however many connections failed. All instants \
            are CLOCK_MONOTONIC nanoseconds, so that runs, kills and other processes can be put on one time line (see \
            `farmload clock`).
            """,
        subcommands: [
            ConnectCommand.self, LongCommand.self, ClientsCommand.self, CompareCommand.self, ServeCommand.self, ClockCommand.self,
        ]
    )
}
