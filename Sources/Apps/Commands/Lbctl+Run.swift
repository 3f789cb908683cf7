import ArgumentParser

extension Lbctl {
    /// Runs one command line, without the program's name, and returns the exit code.
    public static func run(_ arguments: [String], on console: Console = .terminal) async -> Int32 {
        let invocation = Invocation(arguments)
        return await Console.$current.withValue(console) {
            await Invocation.$socketPath.withValue(invocation.socketPath) { await execute(invocation) }
        }
    }

    private static func execute(_ invocation: Invocation) async -> Int32 {
        do {
            var command = try await asyncParseAsRoot(invocation.arguments)
            if var command = command as? any AsyncParsableCommand {
                try await command.run()
            } else {
                try command.run()
            }
            return ExitStatus.ok.rawValue
        } catch {
            return report(error, hint: invocation.hint)
        }
    }
}
