import Synchronization

@testable import Commands

/// What a command line wrote and left with.
struct CommandRun: Sendable, Equatable {
    let code: Int32
    let output, errors: String

    static func of(_ arguments: String...) async -> CommandRun { await of(arguments) }

    static func of(_ arguments: [String]) async -> CommandRun {
        let (output, errors) = (Collected(), Collected())
        let console = Console(write: { output.append($0) }, complain: { errors.append($0) })
        let code = await Lbctl.run(arguments, on: console)
        return CommandRun(code: code, output: output.text, errors: errors.text)
    }
}

private final class Collected: Sendable {
    private let pieces = Mutex("")
    var text: String { pieces.withLock { $0 } }
    func append(_ piece: String) { pieces.withLock { $0 += piece } }
}
