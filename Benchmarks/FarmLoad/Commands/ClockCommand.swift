import ArgumentParser
import Glibc

struct ClockCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "clock",
        abstract: "Print CLOCK_MONOTONIC in nanoseconds, then become COMMAND if there is one.",
        discussion: "Example: killed=$(farmload clock kill -9 4711)"
    )

    @Argument(parsing: .captureForPassthrough, help: "What to run, without a shell.")
    var command: [String] = []

    func run() throws {
        print(Monotonic.now().nanoseconds)
        fflush(nil)
        guard let program = command.first else { return }
        var arguments = command.map { strdup($0) } + [nil]
        execvp(program, &arguments)
        throw SystemCallFailure("exec \(program)")
    }
}
