import ArgumentParser

extension Lbctl {
    /// Runs one command line, without the program's name, and returns the exit code.
    public static func run(_ arguments: [String], on console: Console = .terminal) async -> Int32 {
        let invocation = Invocation(arguments)
        return await Console.$current.withValue(console) {
            await Invocation.$socketPath.withValue(invocation.socketPath) { await execute(invocation.arguments) }
        }
    }

    private static func execute(_ arguments: [String]) async -> Int32 {
        do {
            var command = try await asyncParseAsRoot(arguments)
            if var command = command as? any AsyncParsableCommand {
                try await command.run()
            } else {
                try command.run()
            }
            return ExitStatus.ok.rawValue
        } catch {
            return report(error)
        }
    }
}

/// A command line whose options before the noun have been taken off: `lbctl --socket PATH farm list` means the same as
/// `lbctl farm list --socket PATH`, which is all that the parser understands.
struct Invocation {
    @TaskLocal static var socketPath: String?

    var socketPath: String?
    var arguments: [String]

    init(_ arguments: [String]) {
        self.arguments = arguments
        if let first = arguments.first, first.hasPrefix("--socket=") {
            self.arguments.removeFirst()
            socketPath = String(first.dropFirst("--socket=".count))
        } else if arguments.first == "--socket", arguments.count > 1 {
            self.arguments.removeFirst(2)
            socketPath = arguments[1]
        }
    }
}
