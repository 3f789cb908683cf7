import ArgumentParser
import ControlAPI
import ControlClient

struct ApplyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "apply", abstract: "Has the daemon re-read its farm files, as one change.",
        discussion: """
            A fault in any file leaves everything as it is. A change above the blast-radius limit is held back (exit code 4) without --force;
            a dry run leaves with the exit code that the apply would have.

            Examples:
              lbctl apply --dry-run
              lbctl apply
            """
    )

    @Flag(help: "Say what would be done, and do nothing.") var dryRun = false
    @Flag(help: "Go above the blast-radius limit.") var force = false
    @Option(
        help: ArgumentHelp("Go back unless confirmed within this time (not supported yet).", valueName: "duration"),
        transform: TimeSpan.read)
    var confirm: TimeSpan?
    @OptionGroup var output: OutputOptions
    @OptionGroup var connection: ConnectionOptions

    func run() async throws {
        guard confirm == nil else { throw NotSupportedYet(what: "apply --confirm") }
        let plan = try await connection.client.apply(ApplyRequest(dryRun: dryRun, force: force))
        try output.show(plan)
        guard !dryRun || force || !plan.needsForce else {
            throw CommandFailure(
                .conflict, "the apply would be held back by the blast radius; if the change is meant, `lbctl apply --force` does it")
        }
    }
}
