import ArgumentParser
import ControlAPI
import ControlClient

struct PlanCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plan", abstract: "What an apply of the daemon's farm files would do.",
        discussion: """
            Leaves with 0 when nothing would change, 1 when something would, 2 or more on errors.

            Examples:
              lbctl plan
              lbctl plan -o json | jq .slotsMoved
            """
    )

    @Argument(help: "Files instead of the daemon's (not supported yet).", completion: .file(extensions: ["yaml"])) var files: [String] = []
    @OptionGroup var output: OutputOptions
    @OptionGroup var connection: ConnectionOptions

    func run() async throws {
        guard files.isEmpty else { throw NotSupportedYet(what: "plan of files; `lbctl plan` plans the daemon's own") }
        let plan: PlanView
        do { plan = try await connection.client.plan() } catch { throw PlanFailure(cause: error) }
        try output.show(plan)
        if !plan.same { throw ExitCode(1) }
    }
}

/// 1 says that something would change; failures begin at 2 here.
struct PlanFailure: Error {
    let cause: any Error
}
